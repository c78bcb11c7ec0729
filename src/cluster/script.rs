//! Writes what a scheduler needs to run the tiles of a plan: an array job for Slurm, an indexed job for Kubernetes.

use std::fmt::Write as _;
use std::path::Path;

use crate::model::shown_path;

use super::error::ranges;
use super::plan::Plan;

/// What an array job for Slurm is to use.
#[derive(Clone, Copy, Debug)]
pub struct SlurmOptions<'a> {
    /// The program on the nodes.
    pub program: &'a Path,
    /// The folder of the plan on the nodes, absolute.
    pub folder: &'a Path,
    /// The folder of the shards on the nodes, absolute, if it is not in that of the plan.
    pub shards: Option<&'a Path>,
    /// Processors of a task.
    pub cpus: u32,
    /// The tiles to compute, in rising order.
    pub tiles: &'a [u32],
}

/// What an indexed job for Kubernetes is to use.
#[derive(Clone, Copy, Debug)]
pub struct KubernetesOptions<'a> {
    /// The image with the program.
    pub image: &'a str,
    /// The claim of the volume whose top folder is that of the plan.
    pub plan_claim: &'a str,
    /// The claim of the volume for the shards.
    pub shards_claim: &'a str,
    /// Processors of a pod.
    pub cpus: u32,
}

/// The largest number of a task in an array of Slurm, unless the cluster's configuration says otherwise.
const MOST_TASKS: u32 = 1000;

/// The account number under which pods run.
const ACCOUNT: u32 = 10_001;

/// How often a pod is started again for one tile.
const ATTEMPTS: u32 = 10;

/// Returns the memory of a tile in MiB, rounded up to 256.
fn memory(plan: &Plan) -> u64 {
    (plan.planned().memory() >> 20).saturating_add(1).next_multiple_of(256)
}

/// Returns a text in single quotes for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// Returns a script for `sbatch`: one task for each tile.
#[must_use]
pub fn slurm_script(plan: &Plan, options: &SlurmOptions<'_>) -> String {
    let &SlurmOptions { program, folder, shards, cpus, tiles } = options;
    let mut text = String::from("#!/bin/bash\n");
    let _ = write!(
        text,
        "#SBATCH --job-name=reunite-tiles\n#SBATCH --array={}\n#SBATCH --cpus-per-task={cpus}\n#SBATCH --mem={}M\n\
         #SBATCH --requeue\n#SBATCH --open-mode=append\n#SBATCH --output=reunite-tile-%a.log\n\n",
        ranges(tiles).join(","),
        memory(plan)
    );
    text += "# One task for each tile. A task that is killed or repeated does no harm; a tile that is done ends at once.\n\
             # Options of sbatch override the lines above: sbatch --time=2:00:00 --partition=NAME THIS_FILE\n";
    if tiles.last().is_some_and(|&last| last > MOST_TASKS) {
        text += "# The numbers exceed the usual MaxArraySize of slurm.conf, 1001.\n";
    }
    let of_shards = shards.map_or_else(String::new, |shards| format!(" --shards {}", quoted(shards)));
    let _ = write!(
        text,
        "# Afterwards, on the machine with the store: reunite cluster merge {}\n\
         # A job there can wait for this one: sbatch --dependency=afterany:JOB ...\n\
         set -euo pipefail\n\
         exec \"${{REUNITE:-{}}}\" cluster tile {}{of_shards} --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
        shown_path(folder),
        in_braces(program),
        quoted(folder)
    );
    text
}

/// Returns a path for the inside of `"${NAME:-...}"`.
fn in_braces(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        if matches!(c, '"' | '\\' | '$' | '`' | '}') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Returns a text in double quotes, as YAML and JSON read it.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns an indexed job for `kubectl apply`: one pod for each tile.
#[must_use]
pub fn kubernetes_job(plan: &Plan, options: &KubernetesOptions<'_>) -> String {
    let &KubernetesOptions { image, plan_claim, shards_claim, cpus } = options;
    let (tiles, memory) = (plan.planned().grid().tiles(), memory(plan));
    let (image, plan_claim, shards_claim) = (yaml(image), yaml(plan_claim), yaml(shards_claim));
    format!(
        "\
# One pod for each tile. A pod that is killed or repeated does no harm; a tile that is done ends at once.
# The pods need neither network nor key. The files of the plan must belong to account {ACCOUNT}.
# Afterwards, copy the shards to the machine with the store, and there: reunite cluster merge FOLDER --shards SHARDS
apiVersion: batch/v1
kind: Job
metadata:
  name: reunite-tiles
spec:
  completionMode: Indexed
  completions: {tiles}
  parallelism: {tiles}
  backoffLimitPerIndex: {ATTEMPTS}
  template:
    metadata:
      labels:
        app: reunite-tiles
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: {ACCOUNT}
        runAsGroup: {ACCOUNT}
        fsGroup: {ACCOUNT}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: tile
          image: {image}
          command: [\"reunite\"]
          args: [\"cluster\", \"tile\", \"/plan\", \"--shards\", \"/shards\", \"--threads\", \"{cpus}\"]
          resources:
            requests:
              cpu: \"{cpus}\"
              memory: {memory}Mi
            limits:
              memory: {memory}Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [\"ALL\"]
          volumeMounts:
            - name: plan
              mountPath: /plan
              readOnly: true
            - name: shards
              mountPath: /shards
      volumes:
        - name: plan
          persistentVolumeClaim:
            claimName: {plan_claim}
            readOnly: true
        - name: shards
          persistentVolumeClaim:
            claimName: {shards_claim}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word_of_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
        assert_eq!(in_braces(Path::new("/a}$x\"")), "/a\\}\\$x\\\"");
    }
}
