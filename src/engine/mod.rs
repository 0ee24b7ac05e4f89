//! Engines: what builds, keeps and pushes images. Docker's API spoken to Docker or Podman, registries, and the assembling
//! of images without any engine.

pub mod build;
pub mod container;
pub mod context;
pub mod docker;
pub mod endpoint;
pub mod error;
pub mod image;
pub mod image_archive;
pub mod oci;
pub mod progress;
pub mod registry;

mod errand;
mod reason;
mod reference;
mod steps;
mod transfer;
mod work;
