//! `c3` is a compiler. Front ends read a source **without running it**, the result is one plain data structure, the
//! [`Component`](component::Component), and back ends emit from it.
//!
//! ```text
//!  script.py ─┐
//!  nb.ipynb  ─┼─ load ──▶ Source ── frontend ──▶ Component ── backend ──▶ Artifact… ──▶ disk, engine, registry
//!  model.R   ─┘ (effect)  text, language,        the IR:      name + bytes             (effects)
//!                         line/cell map          plain data
//! ```
//!
//! Only the two ends touch the world. Between them everything is a pure function from one plain type to the next:
//!
//! 1. [`load()`] reads a file; a notebook is flattened to a script of its kernel's language.
//! 2. [`read`] makes a component of it, with every [`diagnostic`] that there is.
//! 3. [`plan`] joins the component with what is asked for and what files of [`settings`] say: a [`Plan`].
//! 4. [`Plan::emit`] makes the files of every target.
//! 5. [`build`] makes the images, by a container engine or where none is without one, and pushes them.
//! 6. [`write()`] puts the files on disk, whole or not at all.
//!
//! ```
//! use std::path::Path;
//!
//! use c3::failure::Failure;
//! use c3::{Purpose, Request};
//!
//! # fn main() -> Result<(), Failure> {
//! let source = c3::load(Path::new("samples/count_letters.py"))?;
//! let planned = c3::plan(&source, &Request::default(), Purpose::Files);
//! let plan = planned.plan?;
//! assert_eq!(plan.component.name, "count-letters");
//! let artifacts = plan.emit().map_err(|_| Failure::diagnosed())?;
//! let names: Vec<_> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
//! assert_eq!(names, ["count_letters.Dockerfile", "count_letters.yaml", "count_letters.job.yaml", "count_letters.cwl"]);
//! # Ok(())
//! # }
//! ```
//!
//! Beside the arrow stand [`check`], which reports likely problems of a source, and [`fix`], which mends it;
//! [`workflow`], which joins operators; [`family`], images that stand on each other; and [`grid`], which reads how far the
//! workers of a grid are. To run an operator goes the other way: [`invocation`] checks the words of a command line against
//! the interface that a source, an image or a [`manifest`] tells, and an [`engine`] runs it, or [`local`] without one.
//!
//! # Floors
//!
//! An import goes down or stays on its floor, and none comes back; `tests/floors.rs` holds it, by this picture.
//!
//! ```text
//! cli bin                                                    options, a few calls, a report: the programs
//! family run submit catalogue                                images that stand on each other, operators that run, pages
//! operator                                                   what a command asks for as a whole
//! check fix workflow grid publish local manifest invocation  beside the arrow
//! settings                                                   c3.toml, script blocks, options: layers of one type
//! requirement_files neighbours project                       what lies beside the source
//! backend                                                    one row for each target
//! load                                                       from a file to a source
//! frontend                                                   one row for each language
//! engine                                                     Docker, images without an engine, registries, HTTP
//! logins cache                                               what engines are told, and what is kept
//! artifact context files boundary reader                     the only ways to the disk
//! installers recipe job report progress                      plain data with few words of its own
//! component source value reference diagnostic rules failure
//!    location language identifier display userinfo hashed memo stamp programs interruption standard_input  the ground
//! ```

pub mod artifact;
pub mod backend;
pub mod boundary;
pub mod cache;
pub mod catalogue;
pub mod check;
pub mod component;
pub mod context;
pub mod diagnostic;
pub mod display;
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
mod memo;
pub mod neighbours;
pub mod operator;
pub mod programs;
pub mod progress;
pub mod project;
pub mod publish;
pub mod reader;
pub mod recipe;
pub mod reference;
pub mod report;
pub mod requirement_files;
pub mod rules;
pub mod run;
pub mod settings;
pub mod source;
pub mod stamp;
pub mod standard_input;
pub mod submit;
pub mod userinfo;
pub mod value;
pub mod workflow;

mod hashed;

pub use artifact::write;
pub use frontend::read;
pub use load::load;
pub use operator::{Plan, Purpose, Request, build, plan};
