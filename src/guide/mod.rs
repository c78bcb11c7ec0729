//! The guide: how to work with Reunite, page by page.
//!
//! 1. [Files and formats](files): what can be imported, and what comes back.
//! 2. [Models and numbers](numbers): what a likelihood ratio means, and every setting that enters.
//! 3. [Results](output): every field of JSON and CSV, exit statuses.
//! 4. [Privacy and custody](privacy): pseudonyms, keys, custodians, the audit chain, withdrawn consent, several accounts.
//! 5. [Review by two people](review): sign decisions, follow a pair to its end, what is due.
//! 6. [Work in the browser](serve): pages to work on, roles, what is recorded, a reverse proxy.
//! 7. [Birth certificates](certificates): registry extracts, claims, and what contradicts them.
//! 8. [Exchange between agencies](exchange): packages, keys, hits, withdrawn consent, who learns what.
//! 9. [Found and missing children](facts): what people state about them, compared and weighed.
//! 10. [Lawful keeping](keeping): legal basis, purposes and consent of samples, what is due, records for auditors.
//! 11. [Operating](operating): install, upgrade, back up, move, schedule, monitor.
//! 12. [Performance](performance): how fast, why, and how to measure.
//! 13. [Runs in tiles on a cluster](cluster): Slurm, Kubernetes, and what the nodes get.
//! 14. [Troubleshooting](troubleshooting): what to do about a message.
//!
//! The same pages in Chinese: [中文](zh).
//!
//! A test runs every command that these pages show and compares what it says.
//!
#![doc = include_str!("way.svg")]

#[doc = include_str!("files.md")]
pub mod files {}

#[doc = include_str!("numbers.md")]
#[doc = ""]
#[doc = include_str!("explain.svg")]
pub mod numbers {}

#[doc = include_str!("output.md")]
pub mod output {}

#[doc = include_str!("privacy.md")]
pub mod privacy {}

#[doc = include_str!("review.md")]
pub mod review {}

#[doc = include_str!("serve.md")]
pub mod serve {}

#[doc = include_str!("certificates.md")]
pub mod certificates {}

#[doc = include_str!("exchange.md")]
pub mod exchange {}
#[doc = include_str!("facts.md")]
pub mod facts {}
#[doc = include_str!("keeping.md")]
pub mod keeping {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("performance.md")]
#[doc = ""]
#[doc = include_str!("growth.svg")]
pub mod performance {}

#[doc = include_str!("cluster.md")]
pub mod cluster {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

/// 中文指南。
///
/// 1. [文件和格式](zh::files)：可以导入什么，会得到什么。
/// 2. [模型和数值](zh::numbers)：似然比的含义，以及参与计算的每项设置。
/// 3. [结果](zh::output)：JSON 和 CSV 的每个字段，退出状态。
/// 4. [隐私和保管](zh::privacy)：去标识化编号、密钥、保管人、审计链、撤回同意、多个账户。
/// 5. [两人审核](zh::review)：签署决定，跟进一对直至终结，有哪些事项到期。
/// 6. [在浏览器中工作](zh::serve)：工作页面、角色、记录的内容、反向代理。
/// 7. [出生医学证明](zh::certificates)：登记数据、使用记录、核查，以及DNA。
/// 8. [机构间交换](zh::exchange)：交换包、密钥、比中、撤回同意，谁知道什么。
/// 9. [被找到的儿童和失踪儿童](zh::facts)：对他们的描述，比较和评估。
/// 10. [依法保存](zh::keeping)：样本的法律依据、目的和同意，到期事项，供审计的记录。
/// 11. [运行](zh::operating)：安装、升级、备份、迁移、定时、监控。
/// 12. [性能](zh::performance)：有多快，为什么，如何测量。
/// 13. [在集群上分块比对](zh::cluster)：Slurm、Kubernetes，以及各节点得到什么。
/// 14. [故障排除](zh::troubleshooting)：遇到提示时怎么办。
pub mod zh {
    #[doc = include_str!("zh/files.md")]
    pub mod files {}

    #[doc = include_str!("zh/numbers.md")]
    #[doc = ""]
    #[doc = include_str!("explain.svg")]
    pub mod numbers {}

    #[doc = include_str!("zh/output.md")]
    pub mod output {}

    #[doc = include_str!("zh/privacy.md")]
    pub mod privacy {}

    #[doc = include_str!("zh/review.md")]
    pub mod review {}

    #[doc = include_str!("zh/serve.md")]
    pub mod serve {}

    #[doc = include_str!("zh/certificates.md")]
    pub mod certificates {}

    #[doc = include_str!("zh/exchange.md")]
    pub mod exchange {}
    #[doc = include_str!("zh/facts.md")]
    pub mod facts {}
    #[doc = include_str!("zh/keeping.md")]
    pub mod keeping {}

    #[doc = include_str!("zh/operating.md")]
    pub mod operating {}

    #[doc = include_str!("zh/performance.md")]
    #[doc = ""]
    #[doc = include_str!("growth.svg")]
    pub mod performance {}

    #[doc = include_str!("zh/cluster.md")]
    pub mod cluster {}

    #[doc = include_str!("zh/troubleshooting.md")]
    pub mod troubleshooting {}
}
