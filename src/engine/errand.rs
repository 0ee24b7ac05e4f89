//! Containers for a moment: their files exported, the output of one command read, an archive loaded.

use std::io::Write;
use std::path::Path;
use std::pin::pin;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, ImportImageOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, WaitContainerOptions,
};
use futures_util::stream::{Stream, StreamExt};
use tokio_util::io::ReaderStream;

use super::docker::Engine;
use super::error::EngineError;
use super::progress::{Event, Progress};

impl Engine {
    /// Writes the files of a container of the image, as `docker export` does, and gives their size.
    pub fn export(&self, image: &str, mut out: impl Write, progress: &Progress) -> Result<u64, EngineError> {
        let container = self.create(image, &[])?;
        let mut done = 0;
        progress.report(&Event::Started(format!("export {image}")));
        let exported = self.wait(async {
            let mut pieces = pin!(self.patient.export_container(&container));
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|error| self.error(&format!("exporting `{image}`"), &error))?;
                out.write_all(&piece).map_err(EngineError::Archive)?;
                done += piece.len() as u64;
                progress.report(&Event::Moved { done, total: None });
            }
            out.flush().map_err(EngineError::Archive)
        });
        self.remove(&container)?;
        exported.map(|()| done)
    }

    /// Runs a command in a container of the image with this id, without a network, and gives what it prints.
    pub fn output(
        &self,
        id: &str,
        image: &str,
        command: &[String],
        progress: &Progress,
    ) -> Result<String, EngineError> {
        progress.report(&Event::Started(format!("check {image}")));
        let container = self.create(id, command)?;
        let ran = self.wait(async {
            let failed = |error: Error| self.error(&format!("running `{image}`"), &error);
            let options =
                AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).logs(true);
            let attached =
                self.patient.attach_container(&container, Some(options.build())).await.map_err(failed)?;
            self.patient.start_container(&container, None::<StartContainerOptions>).await.map_err(failed)?;
            let said = text(attached.output).await.map_err(failed)?;
            match self.patient.wait_container(&container, None::<WaitContainerOptions>).next().await {
                None | Some(Ok(_)) => Ok(said),
                Some(Err(Error::DockerContainerWaitError { code, .. })) => {
                    Err(EngineError::Check { image: image.to_owned(), code, said })
                }
                Some(Err(error)) => Err(failed(error)),
            }
        });
        self.remove(&container)?;
        ran
    }

    /// Loads the images of an archive that `docker save` wrote.
    pub fn load(&self, archive: &Path, progress: &Progress) -> Result<(), EngineError> {
        progress.report(&Event::Started(format!("load {}", archive.display())));
        self.wait(async {
            let file = tokio::fs::File::open(archive).await.map_err(EngineError::Archive)?;
            let body = bollard::body_try_stream(ReaderStream::new(file));
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let mut said = pin!(self.patient.import_image(options, body, None));
            while let Some(message) = said.next().await {
                message.map_err(|error| self.error(&format!("loading `{}`", archive.display()), &error))?;
            }
            Ok(())
        })
    }

    fn create(&self, image: &str, command: &[String]) -> Result<String, EngineError> {
        let (entry, arguments) = command.split_at(command.len().min(1));
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(entry.to_vec()).filter(|entry| !entry.is_empty()),
            cmd: Some(arguments.to_vec()),
            network_disabled: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ContainerCreateBody::default()
        };
        self.wait(async {
            let created = self.patient.create_container(None, body).await;
            let failed = |error| self.error(&format!("making a container of `{image}`"), &error);
            created.map(|container| container.id).map_err(failed)
        })
    }

    /// Removes a container, also after an interruption.
    fn remove(&self, container: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.work.finish(async {
            let removed = self.patient.remove_container(container, Some(options)).await;
            removed.map_err(|error| self.error("removing a container", &error))
        })
    }
}

/// All that a container prints.
async fn text(output: impl Stream<Item = Result<LogOutput, Error>>) -> Result<String, Error> {
    let mut output = pin!(output);
    let mut said = Vec::new();
    while let Some(piece) = output.next().await {
        said.extend_from_slice(&piece?.into_bytes());
    }
    Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
}
