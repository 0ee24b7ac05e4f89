//! Short-lived containers: exporting files, reading a command's output, loading an archive.

use std::io::Write;
use std::path::Path;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{BuildInfo, ContainerCreateBody};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, ImportImageOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use futures_util::stream::StreamExt;
use tokio_util::io::ReaderStream;

use super::docker::Engine;
use super::error::EngineError;
use super::owner::Owner;
use super::steady::Steady;
use super::stream::Ending;
use crate::progress::{Event, Progress};

/// The activity at the end, in messages.
const REMOVING: &str = "removing the container";

impl Engine {
    /// Writes the files of a container, like `docker export` but reproducibly, and returns their size.
    pub fn export(&self, image: &str, out: impl Write, progress: &Progress) -> Result<u64, EngineError> {
        let (container, mut out) = (self.create(image, &[])?, Steady::new(out));
        progress.report(&Event::Started(format!("export {image}")));
        let doing = format!("exporting `{image}`");
        let exported = self.wait(&doing, async {
            self.written(self.patient.export_container(&container), &mut out, &doing, progress).await
        });
        self.removed(&container, exported)
    }

    /// Runs a command in a container of the image with this id, without network access, and returns its
    /// output.
    pub fn output(
        &self,
        id: &str,
        image: &str,
        command: &[String],
        progress: &Progress,
    ) -> Result<String, EngineError> {
        progress.report(&Event::Started(format!("check {image}")));
        let container = self.create(id, command)?;
        let doing = format!("running `{image}`");
        let ran = self.wait(&doing, async {
            let failed = |error: Error| self.error(&doing, &error);
            let options =
                AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).logs(true);
            let attached =
                self.patient.attach_container(&container, Some(options.build())).await.map_err(failed)?;
            self.patient.start_container(&container, None::<StartContainerOptions>).await.map_err(failed)?;
            let mut said = Vec::new();
            let take = |piece: LogOutput| said.write_all(&piece.into_bytes());
            let code = self.hand_on(&container, attached, take).await.map_err(failed)?;
            let said = String::from_utf8_lossy(&said).trim_end().to_owned();
            match code {
                0 => Ok(said),
                code => Err(EngineError::Check { image: image.to_owned(), code: code.into(), said }),
            }
        });
        self.removed(&container, ran)
    }

    /// Loads the images of an archive written by `docker save`.
    pub fn load(&self, archive: &Path, progress: &Progress) -> Result<(), EngineError> {
        progress.report(&Event::Started(format!("load {}", archive.display())));
        let doing = format!("loading `{}`", archive.display());
        self.wait(&doing, async {
            let file = tokio::fs::File::open(archive).await.map_err(EngineError::Archive)?;
            let pulse = self.pulse.clone();
            let pieces = ReaderStream::new(file).inspect(move |_| pulse.beat());
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let messages = self.patient.import_image(options, bollard::body_try_stream(pieces), None);
            let mut said = String::new();
            let take = |message: BuildInfo| said.push_str(&message.stream.unwrap_or_default());
            match self.follow(messages, take).await {
                Ok(Ending::Whole) => Ok(()),
                Ok(Ending::Unsure(_)) if self.has_loaded(&said).await? => Ok(()),
                Ok(Ending::Unsure(error)) | Err(error) => Err(self.error(&doing, &error)),
            }
        })
    }

    /// Whether the engine has reported the images it loaded, and has them.
    async fn has_loaded(&self, said: &str) -> Result<bool, EngineError> {
        let mut names = loaded(said).peekable();
        let told = names.peek().is_some();
        for name in names {
            if self.look_for(name).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(told)
    }

    fn create(&self, image: &str, command: &[String]) -> Result<String, EngineError> {
        self.sweep();
        let (entry, arguments) = command.split_at(command.len().min(1));
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(entry.to_vec()).filter(|entry| !entry.is_empty()),
            cmd: Some(arguments.to_vec()),
            network_disabled: Some(true),
            labels: Owner::current().map(|owner| owner.labels()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ContainerCreateBody::default()
        };
        let doing = format!("making a container of `{image}`");
        self.wait(&doing, async {
            let created = self.patient.create_container(None, body).await;
            created.map(|container| container.id).map_err(|error| self.error(&doing, &error))
        })
    }

    /// Removes a container, even after an interruption, and returns the result of its use. An engine that has
    /// stopped answering isn't asked again.
    pub(super) fn removed<T>(
        &self,
        container: &str,
        outcome: Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if matches!(outcome, Err(EngineError::Silent { .. })) {
            return outcome;
        }
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let removed = self.finish(REMOVING, async {
            let removed = self.patient.remove_container(container, Some(options)).await;
            removed.map_err(|error| self.error(REMOVING, &error))
        });
        let outcome = outcome?;
        removed.map(|()| outcome)
    }
}

/// The images that an engine reports as loaded, by name or id.
fn loaded(said: &str) -> impl Iterator<Item = &str> {
    let told = said.lines().filter_map(|line| line.strip_prefix("Loaded image"));
    told.filter_map(|rest| rest.split_once(": ")).map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaded_images_are_reported_by_name_or_id() {
        let said = "Loaded image: base:1\nLoaded image ID: sha256:01\nelse\n";
        assert_eq!(loaded(said).collect::<Vec<_>>(), ["base:1", "sha256:01"]);
        assert_eq!(loaded("").count(), 0);
    }
}
