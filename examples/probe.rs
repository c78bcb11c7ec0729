use reunite::index::*;
use reunite::kinship::*;
use reunite::matching::*;
use reunite::model::*;
use reunite::population::*;
use reunite::synthesis::*;
use std::time::Instant;
fn ps(k: u8, n: usize) -> Pseudonym {
    let mut b = [k; 16];
    b[..8].copy_from_slice(&(n as u64).wrapping_mul(0x9e3779b97f4a7c15).to_be_bytes());
    Pseudonym::from_bytes(b)
}
fn main() {
    let a: Vec<usize> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let t = FrequencyTable::chinese_han_23();
    let m = Model::default();
    let mut plan = Plan { families: a[0], children: a[1], ..Plan::default() };
    if let Some(&s) = a.get(2) {
        let sh = Plan::default_shapes();
        plan.shapes = vec![sh[s].clone()];
        eprintln!("{:?}", plan.shapes);
        plan.shapes[0].weight = 1.0;
    }
    let s = Instant::now();
    let p = Population::generate(&plan, t, &m).unwrap();
    eprintln!("gen {:?}", s.elapsed());
    let fams: Vec<Family> = p
        .families
        .iter()
        .enumerate()
        .map(|(i, f)| Family {
            pseudonym: ps(2, i),
            relatives: f
                .relatives
                .iter()
                .enumerate()
                .map(|(j, r)| Relative { sample: ps(1, i * 50 + j), relation: r.relation, profile: r.profile.clone() })
                .collect(),
        })
        .collect();
    let mut ch: Vec<Child> =
        p.children.iter().enumerate().map(|(i, c)| Child { pseudonym: ps(3, i), profile: c.profile.clone() }).collect();
    ch.sort_by_key(|c| c.pseudonym);
    let s = Instant::now();
    let mut b =
        Builder::new(t.panel().loci().iter().zip(t.loci()).map(|(n, l)| (n.clone(), l.alleles().to_vec())).collect());
    for c in &ch {
        b.push(c.clone());
    }
    let by = b.finish(&Binding { alleles: t.alleles_digest(), stamp: [0; 16], generation: 1 }).unwrap();
    eprintln!("build {:?} {} B/child", s.elapsed(), by.len() / ch.len());
    let s = Instant::now();
    let ix = Index::from_bytes(&by).unwrap();
    eprintln!("open {:?}", s.elapsed());
    let c = Calculator::new(t, m).unwrap();
    for _ in 0..2 {
        let s = Instant::now();
        let mt = Matcher::new(&ix, &c, Criterion::default());
        let (r, st) = mt.run(&fams);
        let e = s.elapsed();
        eprintln!(
            "run {:?} {:.3e} pairs/s {:?}\n screened {} scanned {} out {} survivors {} ({:.2e}) cands {}",
            e,
            r.pairs() as f64 / e.as_secs_f64(),
            st,
            r.families_screened,
            r.families_scanned,
            r.families_out_of_reach,
            r.survivors,
            r.survivors as f64 / r.pairs() as f64,
            r.candidates.len()
        );
    }
}
