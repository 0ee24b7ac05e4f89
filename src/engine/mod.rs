//! Engines: what builds, keeps and pushes images. Docker's API spoken to Docker or Podman, and registries.

pub mod build;
pub mod container;
pub mod context;
pub mod docker;
pub mod endpoint;
pub mod error;
pub mod image;
pub mod image_archive;
pub mod progress;
pub mod registry;

mod errand;
mod reason;
mod reference;
mod steps;
mod transfer;
