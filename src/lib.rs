//! `c3` is a compiler. Front ends read a source **without running it**, the result is one plain data structure, the
//! [`Component`](component::Component), and back ends emit from it.
//!
//! ```text
//!  script.py ─┐
//!  nb.ipynb  ─┼─ source ──▶ Source ── frontend ──▶ Component ── backend ──▶ Artifact… ──▶ disk, engine, registry
//!  model.R   ─┘ (effect)    text, language,        the IR:      name + bytes             (effects)
//!                           line/cell map          plain data
//! ```
//!
//! Only the two ends touch the world: [`source`], [`settings`], [`files`], [`requirement_files`] and [`logins`] read (by
//! [`reader`]), [`artifact`], [`engine`] and [`publish`] write. Between them everything is a pure function from one plain
//! type to the next:
//!
//! 1. [`source::Source::load`] reads a file; a notebook is flattened to a script of its kernel's language.
//! 2. [`frontend::read`] makes a component of it, with every [`diagnostic`] that there is.
//! 3. [`backend::emit`] makes the files of every target.
//! 4. [`artifact::write`] puts them on disk, [`engine::docker::Engine::build`] builds the image, or [`engine::oci`] makes
//!    it where no engine is, and [`publish`] sends it on.
//!
//! Beside the arrow stand [`check`], which tells what is doubtful about a source, and [`fix`], which mends it;
//! [`workflow`], which joins operators; [`family`], which tells the versions of images that stand on each other; and [`grid`], which reads how far the workers of a grid are.
//!
//! To run an operator goes the other way: [`invocation`] checks the words of a command line against the interface that a
//! source, an image or a [`manifest`] tells, and [`engine::docker::Engine::run_container`] runs it, or [`local`] without
//! an engine. What is kept for the next time is in the [`cache`].

pub mod artifact;
pub mod backend;
pub mod boundary;
pub mod cache;
pub mod check;
pub mod component;
pub mod context;
pub mod diagnostic;
pub mod engine;
pub mod failure;
pub mod family;
pub mod files;
pub mod fix;
pub mod frontend;
pub mod grid;
pub mod identifier;
pub mod installers;
pub mod interruption;
pub mod invocation;
pub mod job;
pub mod language;
pub mod load;
pub mod local;
pub mod location;
pub mod logins;
pub mod manifest;
pub mod operator;
pub mod progress;
pub mod publish;
pub mod reader;
pub mod recipe;
pub mod reference;
pub mod report;
pub mod requirement_files;
pub mod rules;
pub mod settings;
pub mod shown;
pub mod source;
pub mod userinfo;
pub mod value;
pub mod workflow;

mod hashed;
