//! Engines: whatever builds, keeps and pushes images. Docker's API for Docker and Podman, registries,
//! building images without an engine, and the HTTP client for everything but engines.

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
