//! Owners of containers: one process of one host. Containers of killed processes are removed by the next one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};

use super::docker::Engine;
use crate::hashed::digest;

/// Label of a container: the host of its process, as machines may share an engine.
const HOST: &str = "io.claimed.c3.host";

/// Label of a container: its process.
const PROCESS: &str = "io.claimed.c3.process";

/// Label of a container: the start time of its process, in ticks since boot.
const STARTED: &str = "io.claimed.c3.started";

/// Files that distinguish hosts, and namespaces of process ids.
const MARKS: [&str; 3] = ["/etc/machine-id", "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname"];

/// Process ids belong to a namespace.
const NAMESPACE: &str = "/proc/self/ns/pid";

/// The field of the start time in a process's status, after its name.
const START: usize = 19;

/// The process that owns a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    host: String,
    process: u32,
    started: u64,
}

impl Owner {
    /// This process; nothing if the system doesn't reveal enough to identify it.
    pub(super) fn current() -> Option<Self> {
        let process = std::process::id();
        let status = fs::read_to_string("/proc/self/stat").ok()?;
        // Where `/proc` is that of another namespace, it tells of other processes.
        let is_own = status.split_whitespace().next()?.parse() == Ok(process);
        let Status::Alive { started } = Status::read(&status)? else { return None };
        is_own.then(|| Some(Self { host: host()?, process, started })).flatten()
    }

    /// The labels of its containers.
    pub(super) fn labels(&self) -> HashMap<String, String> {
        let labels = [
            (HOST, self.host.clone()),
            (PROCESS, self.process.to_string()),
            (STARTED, self.started.to_string()),
        ];
        labels.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The owner in a container's labels.
    fn read(labels: &HashMap<String, String>) -> Option<Self> {
        let host = labels.get(HOST)?.clone();
        let (process, started) = (labels.get(PROCESS)?.parse().ok()?, labels.get(STARTED)?.parse().ok()?);
        Some(Self { host, process, started })
    }

    /// Whether it has ended, which is only known for processes of this host.
    fn is_gone(&self) -> bool {
        match fs::read_to_string(format!("/proc/{}/stat", self.process)) {
            Ok(status) => {
                Status::read(&status).is_some_and(|status| status != Status::Alive { started: self.started })
            }
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// The status of a process.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    Alive {
        started: u64,
    },
    /// A zombie.
    Ended,
}

impl Status {
    /// Reads the status; the name of the program in it may be anything.
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        match *fields.first()? {
            "Z" | "X" | "x" => Some(Self::Ended),
            _ => Some(Self::Alive { started: fields.get(START)?.parse().ok()? }),
        }
    }
}

/// An opaque name for this host and user: users may not see each other's processes.
fn host() -> Option<String> {
    let namespace = fs::read_link(NAMESPACE).ok()?;
    let marks = MARKS.map(|path| fs::read_to_string(Path::new(path)).unwrap_or_default());
    let [_, boot, _] = &marks;
    if boot.is_empty() {
        return None;
    }
    let user = rustix::process::getuid().as_raw();
    let text = format!("{}\n{}\n{user}", marks.join("\n"), namespace.display());
    Some(digest(text.as_bytes()).trim_start_matches("sha256:").to_owned())
}

impl Engine {
    /// Removes the containers of killed processes of this host, once. Failing is no reason to stop: the next
    /// process tries again.
    pub(super) fn sweep(&self) {
        if self.swept.set(()).is_err() {
            return;
        }
        if let Some(owner) = Owner::current() {
            let _ = self.wait("looking for containers that were left", async {
                self.sweep_host(&owner.host).await;
                Ok(())
            });
        }
    }

    async fn sweep_host(&self, host: &str) {
        let filters = HashMap::from([("label", vec![format!("{HOST}={host}")])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let Ok(found) = self.client.list_containers(Some(options)).await else { return };
        for container in found {
            let owner = Owner::read(&container.labels.unwrap_or_default());
            let is_left = owner.is_some_and(|owner| owner.host == host && owner.is_gone());
            if let Some(id) = container.id.filter(|_| is_left) {
                let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                let _ = self.client.remove_container(&id, Some(options)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn processes_are_recognized() {
        let own = Owner::current().unwrap();
        assert_eq!(Owner::read(&own.labels()), Some(own.clone()));
        assert_eq!(own.host.len(), 64);
        assert!(!own.is_gone());
        assert!(Owner { started: own.started + 1, ..own }.is_gone(), "its number is another's now");
    }

    #[test]
    fn a_killed_process_is_detected() {
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let status = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let Some(Status::Alive { started }) = Status::read(&status) else { panic!("{status}") };
        let owner = Owner { host: String::new(), process: child.id(), started };
        assert!(!owner.is_gone());
        child.kill().unwrap();
        while !owner.is_gone() {}
        child.wait().unwrap();
        assert!(owner.is_gone());
    }

    #[test]
    fn process_names_may_contain_any_character() {
        let rest = "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        for name in ["c3", "a b", ") Z (", "x) S 1"] {
            assert_eq!(
                Status::read(&format!("7 ({name}) {rest}")),
                Some(Status::Alive { started: 4242 }),
                "{name}"
            );
        }
        assert_eq!(Status::read(&format!("7 (c3) {}", rest.replacen('S', "Z", 1))), Some(Status::Ended));
        assert_eq!(Status::read("nonsense"), None);
    }

    #[test]
    fn foreign_labels_have_no_owner() {
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        assert_eq!(Owner::read(&labels(&[])), None);
        assert_eq!(Owner::read(&labels(&[(HOST, "x"), (PROCESS, "y"), (STARTED, "1")])), None);
    }
}
