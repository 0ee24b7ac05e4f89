//! Engines: what builds, keeps and pushes images. Docker's API spoken to Docker or Podman, registries, the assembling
//! of images without any engine, and the HTTP that all but engines are spoken to by.

pub mod build;
pub mod container;
pub mod docker;
pub mod endpoint;
pub mod error;
pub mod http;
pub mod image;
pub mod image_archive;
pub mod indexes;
pub mod oci;
pub mod proxies;
pub mod registry;

mod errand;
mod hidden;
mod instructions;
mod manifest;
mod owner;
mod patience;
mod reason;
mod reference;
mod session;
mod steady;
mod steps;
mod stream;
mod transfer;
mod trusting;
mod work;
