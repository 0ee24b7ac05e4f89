//! Messages of the builders as they were heard.

use bollard::models::ImageId;

use super::*;

fn text(stream: &str) -> BuildInfo {
    BuildInfo { stream: Some(stream.to_owned()), ..BuildInfo::default() }
}

fn said(messages: &[&str]) -> (Steps, Vec<Event>) {
    let mut steps = Steps::default();
    let events = messages.iter().flat_map(|stream| steps.take(text(stream))).collect();
    (steps, events)
}

fn log(line: &str) -> Event {
    Event::Log(line.to_owned())
}

fn failure(steps: Steps, message: &str) -> (String, Vec<String>) {
    match steps.failure(message) {
        EngineError::Build { step, tail, .. } => (step, tail),
        other => panic!("{other}"),
    }
}

#[test]
fn classic_builder_output_is_parsed() {
    let messages = [
        "Step 1/2 : FROM base",
        "\n",
        " ---> bf7666b41c83\n",
        "Step 2/2 : RUN x\n",
        " ---> Using cache\n",
        "Successfully built 0123456789ab\n",
    ];
    let (steps, events) = said(&messages);
    let run = "[2/2] RUN x".to_owned();
    let expected = [
        Event::Started("[1/2] FROM base".to_owned()),
        Event::Started(run.clone()),
        Event::Finished { step: run, cached: true },
    ];
    assert_eq!(events, expected);
    assert_eq!(steps.image().as_deref(), Some("0123456789ab"));
}

#[test]
fn failed_steps_include_their_last_lines() {
    let mut messages = vec!["Step 1/2 : FROM base\n", "Step 2/2 : RUN pip install nope\n"];
    messages.extend(["noise\n"; 30]);
    messages.extend(["\u{1b}[31mNo match", "ing distribution\u{1b}[0m\n"]);
    let (steps, _) = said(&messages);
    let (step, tail) =
        failure(steps, "The command '/bin/sh -c pip install nope' returned a non-zero code: 1");
    assert_eq!(step, "RUN pip install nope");
    assert_eq!(tail.len(), TAIL + 1);
    assert_eq!(tail[TAIL - 1..], ["No matching distribution", "exit code 1"]);
}

#[test]
fn podman_output_is_parsed() {
    let (steps, events) =
        said(&["STEP 1/2: FROM base\n", "STEP 2/2: RUN x\n", "--> Using cache 84b\n", "COMMIT a\n"]);
    assert_eq!(events[1], Event::Started("[2/2] RUN x".to_owned()));
    assert!(matches!(events[2], Event::Finished { cached: true, .. }));
    assert_eq!(steps.image(), None);
}

fn vertex(name: &str, completed: bool, error: &str) -> Vertex {
    Vertex {
        digest: format!("sha256:{name}"),
        name: name.to_owned(),
        started: Some(bollard_time()),
        completed: completed.then(bollard_time),
        error: error.to_owned(),
        ..Vertex::default()
    }
}

fn bollard_time<T: Default>() -> T {
    T::default()
}

fn status(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> BuildInfo {
    let status = StatusResponse { vertexes, logs, ..StatusResponse::default() };
    BuildInfo { aux: Some(BuildInfoAux::BuildKit(status)), ..BuildInfo::default() }
}

#[test]
fn buildkit_output_is_parsed() {
    let mut steps = Steps::default();
    let run = "[2/2] RUN x";
    let events = steps
        .take(status(vec![vertex("[internal] load metadata", false, ""), vertex(run, false, "")], vec![]));
    assert_eq!(events, [Event::Started(run.to_owned())]);
    let said = VertexLog {
        vertex: format!("sha256:{run}"),
        msg: b"10%\r100%\nhal".to_vec(),
        ..VertexLog::default()
    };
    assert_eq!(steps.take(status(vec![], vec![said])), [log("100%")]);
    let events = steps.take(status(vec![vertex(run, true, "")], vec![]));
    assert_eq!(events, [Event::Finished { step: run.to_owned(), cached: false }]);
    let image = ImageId { id: Some("sha256:01".to_owned()) };
    steps.take(BuildInfo { aux: Some(BuildInfoAux::Default(image)), ..BuildInfo::default() });
    assert_eq!(steps.image().as_deref(), Some("sha256:01"));
}

#[test]
fn the_failed_step_is_distinguished_from_cancelled_ones() {
    let mut steps = Steps::default();
    let stopped = vertex("[a 1/1] RUN slow", true, "context canceled");
    let failed = vertex("[b 1/1] RUN x", true, "executor failed running [/bin/sh -c x]: exit code: 127");
    let said =
        VertexLog { vertex: failed.digest.clone(), msg: b"x: not found".to_vec(), ..VertexLog::default() };
    steps.take(status(vec![stopped, failed], vec![said]));
    let (step, tail) = failure(steps, "failed to solve");
    assert_eq!(step, "RUN x");
    assert_eq!(tail, ["x: not found", "exit code 127"]);
}

#[test]
fn prompts_interleaved_with_another_stream_are_parsed() {
    let vertex = vertex("[1/1] RUN pip install x", true, "exit code: 2");
    let said = |stream, text: &str| VertexLog {
        vertex: vertex.digest.clone(),
        stream,
        msg: text.as_bytes().to_vec(),
        ..VertexLog::default()
    };
    let pieces =
        [(2, "Trace"), (1, "User for 10.0.0.1:3141: "), (2, "back\nEOFError: EOF when reading a line")];
    for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
        let mut steps = Steps::default();
        let logs = order.map(|at: usize| said(pieces[at].0, pieces[at].1));
        steps.take(status(vec![vertex.clone()], logs.into()));
        let EngineError::Build { tail, refused, .. } = steps.failure("failed to solve") else { panic!() };
        assert_eq!(refused, Some(Refusal::Index("10.0.0.1:3141".to_owned())), "{order:?}");
        assert_eq!(tail[0], "pip asks for a user, and nobody answers");
    }
}

#[test]
fn failures_before_the_first_step_are_reported_verbatim() {
    let error = Steps::default().failure(
        "failed to solve with frontend dockerfile.v0: failed to read dockerfile: unknown instruction: NOPE",
    );
    assert_eq!(error.to_string(), "building the image failed: unknown instruction: NOPE");
}

#[test]
fn a_build_completes_only_with_its_last_step() {
    let image = |id: &str| BuildInfo {
        aux: Some(BuildInfoAux::Default(ImageId { id: Some(id.to_owned()) })),
        ..BuildInfo::default()
    };
    let (mut classic, _) = said(&["Step 1/2 : FROM base AS first\n", " ---> bf7666b41c83\n"]);
    classic.take(image("sha256:first"));
    assert!(!classic.is_complete());
    classic.take(text("Successfully built 0123456789ab\n"));
    assert!(classic.is_complete());

    let mut buildkit = Steps::default();
    let vertex = Vertex { digest: "sha256:1".to_owned(), ..Vertex::default() };
    let status = StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() };
    buildkit.take(BuildInfo { aux: Some(BuildInfoAux::BuildKit(status)), ..BuildInfo::default() });
    assert!(!buildkit.is_complete());
    buildkit.take(image("sha256:2"));
    assert!(buildkit.is_complete());
}
