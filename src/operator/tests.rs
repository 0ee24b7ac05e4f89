//! A language is a row of front ends and one of runtimes: the toy of these tests has nothing else.

use std::fs;

use super::{Purpose, Request, plan};
use crate::artifact::Artifact;
use crate::language::Language;
use crate::load::load;

fn text<'a>(artifacts: &'a [Artifact], name: &str) -> &'a str {
    let artifact = artifacts.iter().find(|artifact| artifact.name == name).unwrap();
    std::str::from_utf8(&artifact.content).unwrap()
}

#[test]
fn a_toy_language_becomes_an_operator() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duck.toy");
    fs::write(&path, "Quacks").unwrap();
    let source = load(&path).unwrap();
    let plan = plan(&source, &Request::default(), Purpose::Files).plan.unwrap();
    assert_eq!((plan.component.language, plan.component.description.as_str()), (Language::Toy, "Quacks"));
    let artifacts = plan.emit().unwrap();
    let dockerfile = text(&artifacts, "duck.Dockerfile");
    assert!(dockerfile.contains("ARG BASE_IMAGE=toys:1\n"), "{dockerfile}");
    assert!(dockerfile.contains(r#"["toy", "/toys/claimed_duck.toy", "/toys/duck.toy"]"#), "{dockerfile}");
    for name in ["duck.yaml", "duck.job.yaml", "duck.cwl"] {
        assert!(text(&artifacts, name).contains("/toys/claimed_duck.toy"), "{name}");
    }
}

#[test]
fn a_notebook_may_be_in_a_toy_language() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duck.ipynb");
    let cell = r#"{"cell_type": "code", "source": "quack"}"#;
    let json =
        format!(r#"{{"nbformat": 4, "metadata": {{"kernelspec": {{"name": "toy"}}}}, "cells": [{cell}]}}"#);
    fs::write(&path, json).unwrap();
    let source = load(&path).unwrap();
    assert_eq!(source.language(), Language::Toy);
    assert!(source.text().ends_with("quack\n"));
}
