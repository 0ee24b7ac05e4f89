//! The outputs of a job: delivered to a volume by its pods, fetched through another pod.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::job::{self, Job, OUTPUTS};
use super::kubectl::Kubectl;
use super::state::{self, Pod};
use crate::failure::Failure;
use crate::frontend::notebook::recording::is_record;
use crate::progress::Progress;
use crate::run::Results;
use crate::submit::SubmitError;

/// Polling interval of the reading pod.
const PAUSE: Duration = Duration::from_millis(500);

/// Time limit for its start: a node may have to pull the image.
const PATIENCE: Duration = Duration::from_mins(10);

/// Its lifetime in seconds if nobody removes it.
const LIFETIME: u32 = 6 * 3600;

/// The end of a tar file: two empty blocks.
const END: u16 = 1024;

/// Fetches the deliveries of an ended job's pods into a folder, with a subfolder per index if there are
/// several; of a pod that failed, only the executed notebook, which shows the failure.
pub fn fetch(kubectl: &Kubectl, name: &str, folder: &Path, reporter: &Progress) -> Result<(), Failure> {
    let document = kubectl.get(&format!("job/{name}"), &[])?;
    let Some(job) = state::Job::read(document.clone())? else {
        return Err(SubmitError::NoJob(name.to_owned()).into());
    };
    let delivered = Delivered::of(&document).ok_or_else(|| SubmitError::Undelivered(name.to_owned()))?;
    if delivered.outputs.is_empty() {
        return Results::prepare(folder, &[])?.place(reporter);
    }
    let pods = kubectl.pods(name)?;
    let last = last_pods(&pods);
    let has_record = delivered.outputs.iter().any(|id| is_record(id));
    let gives = |pod: &Pod| pod.has_succeeded() || has_record;
    if !last.iter().any(|pod| gives(pod)) {
        reporter.warn(format!("no pod has succeeded: nothing is put into `{}`", folder.display()));
        return Ok(());
    }
    let reader = Reader::start(kubectl, &document, &delivered, reporter)?;
    for pod in &last {
        let folder = match pod.index().filter(|_| job.has_many()) {
            Some(index) => folder.join(index),
            None => folder.to_path_buf(),
        };
        if !gives(pod) {
            reporter.warn(format!("a pod failed: nothing is put into `{}`", folder.display()));
            continue;
        }
        let results = Results::prepare(&folder, &delivered.outputs)?;
        reader.unpack(pod.name(), results.staged(), reporter)?;
        if pod.has_succeeded() { results.place(reporter)? } else { results.drop(reporter)? }
    }
    // What has been fetched is removed from the volume, and so are leftovers of failed attempts. What an index
    // that failed has left stays for its user.
    let is_done = last.iter().all(|pod| pod.has_succeeded());
    for pod in pods.iter().filter(|pod| pod.has_succeeded() || is_done) {
        reader.call(&["rm", "-rf", &delivered.of_pod(pod.name())])?;
    }
    Ok(())
}

/// The pods whose outputs count: of each index the one that succeeded, else the last attempt.
fn last_pods(pods: &[Pod]) -> Vec<&Pod> {
    let mut last: BTreeMap<Option<&str>, &Pod> = BTreeMap::new();
    for pod in pods {
        if last.get(&pod.index()).is_none_or(|other| !other.has_succeeded()) {
            last.insert(pod.index(), pod);
        }
    }
    last.into_values().collect()
}

/// The deliveries of a job's pods.
struct Delivered {
    place: String,
    outputs: Vec<String>,
}

impl Delivered {
    /// Reads them from the job in the cluster.
    fn of(document: &Value) -> Option<Self> {
        let place = document["metadata"]["annotations"][OUTPUTS].as_str()?.to_owned();
        let arguments = document.pointer(job::CONTAINER)?["args"].as_array();
        let output = |argument: &Value| job::delivered(argument.as_str()?, &place).map(ToOwned::to_owned);
        let outputs = arguments.into_iter().flatten().filter_map(output).collect();
        Some(Self { place, outputs })
    }

    fn of_pod(&self, pod: &str) -> String {
        format!("{}/{pod}", self.place)
    }
}

/// A pod that reads the volume, deleted when dropped.
struct Reader<'a> {
    kubectl: &'a Kubectl,
    delivered: &'a Delivered,
    name: String,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // One that can't be removed ends by itself, and goes with the job.
        let _ = self.kubectl.delete("pod", &self.name);
    }
}

impl<'a> Reader<'a> {
    /// Starts it, and waits until it runs.
    fn start(
        kubectl: &'a Kubectl,
        job: &Value,
        delivered: &'a Delivered,
        reporter: &Progress,
    ) -> Result<Self, SubmitError> {
        let made = kubectl.create(&pod(job))?;
        let name = made["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let reader = Self { kubectl, delivered, name };
        let since = Instant::now();
        let mut told = None;
        loop {
            let pod = Pod::parse(kubectl.get(&format!("pod/{}", reader.name), &[])?)?;
            if pod.is_running() {
                return Ok(reader);
            }
            let holdup = pod.holdup();
            if pod.uid().is_empty() || pod.is_over() || since.elapsed() > PATIENCE {
                return Err(reader.failure(&holdup.unwrap_or_else(|| "it ended".to_owned())));
            }
            if told != holdup {
                told.clone_from(&holdup);
                if let Some(line) = holdup {
                    reporter.warn(line);
                }
            }
            thread::sleep(PAUSE);
        }
    }

    /// Copies a pod's delivery into a local folder.
    fn unpack(&self, pod: &str, folder: &Path, reporter: &Progress) -> Result<(), SubmitError> {
        let mut archive = tempfile::tempfile_in(folder).map_err(SubmitError::Outputs)?;
        let from = self.delivered.of_pod(pod);
        // Nothing was delivered where the script never set an output.
        self.call(&["mkdir", "-p", &from])?;
        self.kubectl.exec(&self.name, &["tar", "-C", &from, "-cf", "-", "."], Some(&archive))?;
        if !is_whole(&mut archive).map_err(SubmitError::Outputs)? {
            return Err(self.failure("the connection broke before everything had come"));
        }
        extract(&mut archive, folder, reporter).map_err(SubmitError::Outputs)
    }

    fn call(&self, command: &[&str]) -> Result<(), SubmitError> {
        self.kubectl.exec(&self.name, command, None)
    }

    fn failure(&self, reason: &str) -> SubmitError {
        SubmitError::Unread {
            pod: self.name.clone(),
            reason: reason.to_owned(),
            place: self.delivered.place.clone(),
        }
    }
}

/// The pod that reads the volume: like the job's, but with nothing else mounted, and idle.
fn pod(job: &Value) -> Value {
    let mut spec = job["spec"]["template"]["spec"].clone();
    let mut container = spec["containers"][0].clone();
    let mounts = Job::kept_mounts(&spec);
    let is_mounted = |volume: &&Value| mounts.iter().any(|mount| mount["name"] == volume["name"]);
    let volumes: Vec<_> =
        spec["volumes"].as_array().into_iter().flatten().filter(is_mounted).cloned().collect();
    if let Some(container) = container.as_object_mut() {
        for key in ["args", "env", "envFrom", "ports", "livenessProbe", "readinessProbe", "lifecycle"] {
            container.remove(key);
        }
        container.insert("name".to_owned(), json!("reader"));
        container.insert("command".to_owned(), json!(["sleep", LIFETIME.to_string()]));
        container.insert("volumeMounts".to_owned(), json!(mounts));
        let resources = json!({"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}});
        container.insert("resources".to_owned(), resources);
    }
    spec["containers"] = json!([container]);
    spec["volumes"] = json!(volumes);
    spec["restartPolicy"] = json!("Never");
    spec["activeDeadlineSeconds"] = json!(LIFETIME);
    // It has nothing to finish.
    spec["terminationGracePeriodSeconds"] = json!(0);
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let mut metadata = json!({
        "generateName": format!("{name}-outputs-"),
        "labels": {"app.kubernetes.io/managed-by": "c3"},
    });
    if let Some(namespace) = job["metadata"].get("namespace") {
        metadata["namespace"] = namespace.clone();
    }
    super::owned(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}), job)
}

/// Whether an archive is complete: a broken connection may look like an end.
fn is_whole(archive: &mut File) -> io::Result<bool> {
    let size = archive.seek(SeekFrom::End(0))?;
    if size < u64::from(END) {
        return Ok(false);
    }
    archive.seek(SeekFrom::End(-i64::from(END)))?;
    let mut end = Vec::with_capacity(usize::from(END));
    archive.read_to_end(&mut end)?;
    Ok(end.iter().all(|byte| *byte == 0))
}

/// Unpacks files, folders and links into a folder, and never outside.
fn extract(archive: &mut File, folder: &Path, reporter: &Progress) -> io::Result<()> {
    archive.seek(SeekFrom::Start(0))?;
    let mut archive = tar::Archive::new(io::BufReader::new(archive));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let is_known = kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link();
        if !(is_known || kind.is_gnu_sparse()) || !entry.unpack_in(folder)? {
            reporter.warn(format!("left out of the outputs: `{}`", entry.path()?.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn truncated_archives_are_incomplete() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        builder.append_data(&mut header, "a/b", b"abc".as_slice()).expect("appended");
        let bytes = builder.into_inner().expect("finished");
        for (end, whole) in [(bytes.len(), true), (bytes.len() - 512, false), (1024, false), (0, false)] {
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&bytes[..end]).expect("written");
            assert_eq!(is_whole(&mut file).expect("read"), whole, "{end}");
        }
    }

    #[test]
    fn the_reader_pod_mounts_only_the_volume() {
        let mounts =
            json!([{"name": "data", "mountPath": "/data"}, {"name": "shm", "mountPath": "/dev/shm"}]);
        let volumes = json!([
            {"name": "data", "persistentVolumeClaim": {"claimName": "mine"}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
        ]);
        let security = json!({"capabilities": {"drop": ["ALL"]}});
        let container = json!({
            "name": "x", "image": "i", "command": ["python"], "args": ["--token=$(token)"], "volumeMounts": mounts,
            "env": [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}],
            "resources": {"limits": {"nvidia.com/gpu": 1}}, "securityContext": security,
        });
        let spec = json!({"containers": [container], "volumes": volumes, "serviceAccountName": "s"});
        let job = json!({"metadata": {"name": "x-1", "uid": "u"}, "spec": {"template": {"spec": spec}}});
        let pod = pod(&job);
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["volumeMounts"], json!([{"name": "data", "mountPath": "/data"}]));
        assert_eq!(
            pod["spec"]["volumes"],
            json!([{"name": "data", "persistentVolumeClaim": {"claimName": "mine"}}])
        );
        assert_eq!((&container["env"], &container["args"]), (&Value::Null, &Value::Null));
        assert_eq!((&container["image"], &container["securityContext"]), (&json!("i"), &security));
        assert_eq!(pod["spec"]["serviceAccountName"], "s");
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], "u");
        assert!(!pod.to_string().contains("nvidia"));
    }
}
