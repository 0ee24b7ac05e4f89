//! What `c3 publish` sends, byte by byte, and what it says when a server fails; the server is a small one of HTTP.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tempfile::{TempDir, tempdir};

/// How the server behaves.
#[derive(Clone, Copy)]
enum Conduct {
    /// Reads everything, then answers so.
    Answer(&'static str, &'static str),
    /// Answers after the first bytes, without reading the rest.
    Early(&'static str),
    /// Closes the connection after the first bytes.
    Cut,
    /// Reads everything and never answers.
    Silent,
    /// Reads slowly, then answers.
    Slow,
}

/// A request as it came in.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Starts a server for one request, and gives its address and what it received.
fn server(conduct: Conduct) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    if matches!(conduct, Conduct::Slow) {
        // A server is as slow as it reads only where the system holds little back for it.
        SockRef::from(&listener).set_recv_buffer_size(1 << 16).unwrap();
    }
    let address = format!("http://{}/faas", listener.local_addr().unwrap());
    let (sender, received) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (head, begun) = head(&mut stream);
        let mut request = Request { head, body: begun };
        let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        match conduct {
            Conduct::Cut => return,
            Conduct::Early(status) => {
                answer(&mut stream, status, "");
                // The client has to see the answer before the connection goes down.
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
                return;
            }
            _ => {}
        }
        let mut piece = vec![0; 1 << 20];
        while request.body.len() < length {
            let read = stream.read(&mut piece).unwrap();
            request.body.extend_from_slice(&piece[..read]);
            if matches!(conduct, Conduct::Slow) {
                thread::sleep(Duration::from_nanos(200 * read as u64)); // 5 MB in a second, however they come
            }
        }
        match conduct {
            Conduct::Silent => drop(stream.read(&mut piece)),
            Conduct::Answer(status, body) => answer(&mut stream, status, body),
            _ => answer(&mut stream, "201 Created", ""),
        }
        let _ = sender.send(request);
    });
    (address, received)
}

/// Reads the head of a request, and what has come of its body.
fn head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..read]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            return (String::from_utf8(bytes[..end].to_vec()).unwrap(), bytes.split_off(end + 4));
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .unwrap();
}

fn publish(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.arg("publish").args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command.env("ONEDATA_TOKEN", "to.ken-1").output().unwrap()
}

/// A folder with `env.tar`, the archive of `env:1.0.0`, which is so long.
fn archive(length: usize) -> TempDir {
    let folder = tempdir().unwrap();
    let mut archive = tar::Builder::new(fs::File::create(folder.path().join("env.tar")).unwrap());
    let layer: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
    let manifest = br#"[{"RepoTags":["env:1.0.0"],"Layers":["layer.tar"]}]"#;
    for (name, content) in [("manifest.json", &manifest[..]), ("layer.tar", &layer)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content).unwrap();
    }
    archive.finish().unwrap();
    folder
}

fn upload(folder: &Path, address: &str) -> Output {
    upload_within(folder, address, "60")
}

/// Uploads to a server that may do nothing for so many seconds.
fn upload_within(folder: &Path, address: &str, timeout: &str) -> Output {
    publish(
        folder,
        &["onedata", "--server", address, "--domain", "d-1", "--tar", "env.tar", "--timeout", timeout],
    )
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What an upload that fails says.
fn failure(conduct: Conduct, length: usize) -> String {
    failure_within(conduct, length, "60")
}

/// What an upload that fails says where the server may do nothing for so many seconds.
fn failure_within(conduct: Conduct, length: usize, timeout: &str) -> String {
    let folder = archive(length);
    let output = upload_within(folder.path(), &server(conduct).0, timeout);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    stderr(&output)
}

#[test]
fn environments_are_uploaded_as_documented_by_one_data() {
    let folder = archive(300_000);
    let (address, received) = server(Conduct::Answer("201 Created", "{}"));
    let output = upload(folder.path(), &address);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(output.stdout, b"env:1.0.0\n");
    let request = received.recv().unwrap();
    assert_eq!(request.head.lines().next(), Some("POST /faas/api/v1/environment HTTP/1.1"));
    assert_eq!(request.header("authorization"), Some("Bearer to.ken-1"));
    let kind = request.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let before = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"environmentImage\"; filename=\"env.tar\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let after = format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"domainId\"\r\n\r\nd-1\r\n--{boundary}--\r\n"
    );
    let tar = fs::read(folder.path().join("env.tar")).unwrap();
    assert!(request.body == [before.as_bytes(), &tar, after.as_bytes()].concat(), "the body is another");
}

#[test]
fn documented_failures_are_explained() {
    let conflict = failure(Conduct::Answer("409 Conflict", r#"{"message":"name exists"}"#), 10);
    assert!(conflict.contains("409 Conflict: name exists"), "{conflict}");
    assert!(conflict.contains("in another domain") && conflict.contains("overwrite"), "{conflict}");
    let unauthorized = failure(Conduct::Answer("401 Unauthorized", ""), 10);
    assert!(unauthorized.contains("`ONEDATA_TOKEN`") && !unauthorized.contains("to.ken-1"), "{unauthorized}");
    let forbidden = failure(Conduct::Answer("403 Forbidden", ""), 10);
    assert!(forbidden.contains("its uploader, a domain admin or a super admin"), "{forbidden}");
}

#[test]
fn rejection_of_a_large_archive_is_reported_during_upload() {
    let text = failure(Conduct::Early("413 Payload Too Large"), 40_000_000);
    assert!(text.contains("413 Payload Too Large"), "{text}");
}

#[test]
fn broken_and_silent_connections_are_reported() {
    let text = failure(Conduct::Cut, 20_000_000);
    assert!(text.contains("broke off after"), "{text}");
    let text = failure_within(Conduct::Silent, 10, "1");
    assert!(text.contains("did nothing for 1 seconds"), "{text}");
    let folder = archive(10);
    let output = upload(folder.path(), "http://127.0.0.1:1");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot reach `http://127.0.0.1:1/`"), "{}", stderr(&output));
}

#[test]
fn slow_uploads_continue_while_data_moves() {
    let folder = archive(30_000_000);
    let (address, received) = server(Conduct::Slow);
    // All of it takes twice the time, what the system holds back at the end a part of it.
    let output = upload_within(folder.path(), &address, "3");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(received.recv().unwrap().body.len() > 30_000_000);
}

#[test]
fn invalid_environments_are_not_uploaded() {
    let folder = archive(10);
    let (address, received) = server(Conduct::Answer("201 Created", ""));
    fs::write(folder.path().join("env.tar"), "no archive").unwrap();
    assert_eq!(upload(folder.path(), &address).status.code(), Some(1));
    assert!(received.try_recv().is_err());
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    let arguments = ["publish", "onedata", "--server", &address, "--domain", "d", "--tar", "env.tar"];
    let output = command.args(arguments).env_remove("ONEDATA_TOKEN").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// What Submarine receives, and what is printed.
fn submarine(arguments: &[&str], conduct: Conduct) -> (Request, Output) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("e.json"), r#"{"name":"e"}"#).unwrap();
    fs::write(folder.path().join("e.yaml"), "name: e\n").unwrap();
    fs::write(folder.path().join("x.yaml"), "meta:\n  name: x\nspec: {}\n").unwrap();
    let (address, received) = server(conduct);
    let output = publish(folder.path(), &[&["submarine", "--server", &address], arguments].concat());
    (received.recv().unwrap(), output)
}

#[test]
fn submarine_keeps_environments() {
    let done = Conduct::Answer(
        "200 OK",
        r#"{"status":"OK","code":200,"success":true,"message":null,"result":[{"environmentId":"environment_1_1"}],"attributes":{}}"#,
    );
    let sent = |arguments: &[&str]| {
        let (request, output) = submarine(arguments, done);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(String::from_utf8(output.stdout).unwrap().contains("environment_1_1"));
        let first = request.head.lines().next().unwrap().to_owned();
        let kind = request.header("content-type").map(ToOwned::to_owned);
        (first, kind, String::from_utf8(request.body).unwrap())
    };
    let path = "/faas/api/v1/environment";
    let json = Some("application/json".to_owned());
    let yaml = Some("application/yaml".to_owned());
    assert_eq!(
        sent(&["create", "e.json"]),
        (format!("POST {path} HTTP/1.1"), json, r#"{"name":"e"}"#.to_owned())
    );
    assert_eq!(
        sent(&["update", "e", "e.yaml"]),
        (format!("PATCH {path}/e HTTP/1.1"), yaml, "name: e\n".to_owned())
    );
    assert_eq!(sent(&["delete", "e"]), (format!("DELETE {path}/e HTTP/1.1"), None, String::new()));
    assert_eq!(sent(&["list"]), (format!("GET {path} HTTP/1.1"), None, String::new()));
}

#[test]
fn submarine_runs_experiments() {
    let sent = |arguments: &[&str], result: &'static str| {
        let (request, output) = submarine(arguments, Conduct::Answer("200 OK", result));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (request.head.lines().next().unwrap().to_owned(), String::from_utf8(output.stdout).unwrap())
    };
    let path = "/faas/api/v1/experiment";
    let one =
        r#"{"code":200,"success":true,"result":{"experimentId":"experiment-1-0001","status":"Running"}}"#;
    let all = r#"{"code":200,"success":true,"result":[]}"#;
    let logs = r#"{"code":200,"success":true,"result":{"experimentId":"experiment-1-0001","logContent":[{"podName":"p","podLog":["a","b"]}]}}"#;
    for verb in ["create", "run"] {
        let (request, printed) = sent(&[verb, "x.yaml"], one);
        assert_eq!(request, format!("POST {path} HTTP/1.1"));
        assert!(printed.contains("experiment-1-0001"), "{printed}");
    }
    let id = "experiment-1-0001";
    assert_eq!(sent(&["status", id], one), (format!("GET {path}/{id} HTTP/1.1"), "Running\n".to_owned()));
    assert_eq!(sent(&["logs", id], logs), (format!("GET {path}/logs/{id} HTTP/1.1"), "a\nb\n".to_owned()));
    assert_eq!(sent(&["get", id], one).0, format!("GET {path}/{id} HTTP/1.1"));
    assert_eq!(sent(&["delete", id], one).0, format!("DELETE {path}/{id} HTTP/1.1"));
    assert_eq!(sent(&["list", "--experiments"], all).0, format!("GET {path} HTTP/1.1"));
    assert_eq!(sent(&["get", "e"], one).0, "GET /faas/api/v1/environment/e HTTP/1.1");
}

#[test]
fn submarine_gets_its_token_and_missing_ones_are_reported() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("token"), "to.ken-2\n").unwrap();
    let ask = |options: &[&str], variable: Option<&str>, conduct| {
        let (address, received) = server(conduct);
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        command.current_dir(folder.path()).env_remove("SUBMARINE_TOKEN");
        command.envs(variable.map(|token| ("SUBMARINE_TOKEN", token)));
        command.args(["publish", "submarine", "--server", &address]).args(options).arg("list");
        let output = command.output().unwrap();
        (received.recv().unwrap().header("authorization").map(ToOwned::to_owned), output)
    };
    let done = Conduct::Answer("200 OK", r#"{"code":200,"success":true,"result":[]}"#);
    assert_eq!(ask(&[], None, done).0, None);
    assert_eq!(ask(&[], Some("to.ken-1"), done).0.as_deref(), Some("Bearer to.ken-1"));
    let from_file = ask(&["--token-file", "token"], Some("to.ken-1"), done).0;
    assert_eq!(from_file.as_deref(), Some("Bearer to.ken-2"));
    let refused = Conduct::Answer("401 Unauthorized", r#"{"message":"The token is not valid."}"#);
    let (_, output) = ask(&[], Some("to.ken-1"), refused);
    let text = stderr(&output);
    assert!(text.contains("The token is not valid.") && text.contains("`SUBMARINE_TOKEN`"), "{text}");
    assert!(!text.contains("to.ken-1"), "{text}");
}

#[test]
fn submarine_failures_in_the_envelope_are_reported() {
    let envelope = r#"{"status":"ERROR","code":409,"success":false,"message":"Environment already exists."}"#;
    for conduct in [Conduct::Answer("409 Conflict", envelope), Conduct::Answer("200 OK", envelope)] {
        let (_, output) = submarine(&["create", "e.json"], conduct);
        assert_eq!(output.status.code(), Some(3));
        let text = stderr(&output);
        assert!(
            text.contains("409 Conflict: Environment already exists.") && text.contains("`update`"),
            "{text}"
        );
    }
    let (_, output) = submarine(&["list"], Conduct::Answer("200 OK", "<html>"));
    assert_eq!(output.status.code(), Some(3));
}
