//! States as Kubernetes 1.34 tells them.

use serde_json::json;

use super::*;

fn job(conditions: &Value) -> Job {
    let job = json!({
        "metadata": {"name": "x", "uid": "u", "labels": {"kueue.x-k8s.io/queue-name": "q"}, "creationTimestamp": "t"},
        "spec": {"suspend": true, "completions": 2, "parallelism": 2},
        "status": {"conditions": conditions, "startTime": null},
    });
    Job::read(job).unwrap().unwrap()
}

fn pods(statuses: &[Value]) -> Vec<Pod> {
    let pod = |(number, status): (usize, &Value)| {
        json!({"metadata": {"name": format!("x-{number}"), "uid": number.to_string(),
               "creationTimestamp": format!("2026-01-01T00:00:0{number}Z")}, "status": status})
    };
    Pod::read(json!({"items": statuses.iter().enumerate().map(pod).rev().collect::<Vec<_>>()})).unwrap()
}

fn ended(code: i32, reason: &str) -> Value {
    let state = json!({"terminated": {"exitCode": code, "reason": reason}});
    json!({"phase": "Failed", "containerStatuses": [{"state": state}]})
}

#[test]
fn the_exit_code_is_that_of_the_last_pod_that_failed() {
    let failed =
        job(&json!([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}]));
    let end =
        failed.end(&pods(&[ended(1, "Error"), ended(7, "Error"), json!({"phase": "Succeeded"})])).unwrap();
    assert_eq!(end, End { code: 7, reason: Some("BackoffLimitExceeded: m".to_owned()) });
    let killed = failed.end(&pods(&[ended(137, "OOMKilled")])).unwrap();
    assert_eq!(killed.code, 137);
    assert!(killed.reason.unwrap().contains("memory"));
    // After a deadline, Kubernetes removes the pods.
    assert_eq!(failed.end(&[]).unwrap().code, 1);
}

#[test]
fn a_job_is_over_when_kubernetes_says_so() {
    let complete =
        json!([{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]);
    assert_eq!(job(&complete).end(&[]), Some(End { code: 0, reason: None }));
    let not_yet = json!([{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "False"}]);
    assert_eq!(job(&not_yet).end(&pods(&[ended(1, "Error")])), None);
}

#[test]
fn reasons_for_waiting_pods_are_reported() {
    let waiting = |reason: &str| {
        let state = json!({"waiting": {"reason": reason, "message": "m"}});
        json!({"phase": "Pending", "containerStatuses": [{"state": state}]})
    };
    let unscheduled = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]});
    let states = [waiting("ContainerCreating"), waiting("ImagePullBackOff"), unscheduled];
    let told: Vec<_> = pods(&states).iter().map(Pod::holdup).collect();
    let expected = [
        None,
        Some("the pod `x-1` waits: ImagePullBackOff: m".to_owned()),
        Some("the pod `x-2` waits: Unschedulable: 0/1 nodes".to_owned()),
    ];
    assert_eq!(told, expected);
    assert_eq!(job(&json!([])).holdup().as_deref(), Some("the job waits in the queue `q`"));
    let events = json!({"items": [{"reason": "Scheduled", "message": "a"}, {"reason": "FailedMount", "message": "b"}]});
    assert_eq!(holdups(events).unwrap(), ["FailedMount: b"]);
}

#[test]
fn unknown_responses_are_errors() {
    assert!(Job::read(json!({"metadata": 3})).is_err());
    assert!(Pod::read(json!({"items": 3})).is_err());
    assert!(Job::read(Value::Null).unwrap().is_none());
    assert!(Pod::read(Value::Null).unwrap().is_empty());
}
