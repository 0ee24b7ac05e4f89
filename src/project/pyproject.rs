//! `pyproject.toml`: the dependencies of a project, in the versions of a lock beside it, if any.

use serde::Deserialize;

use super::{Contents, locks, packages, poetry};

#[derive(Deserialize)]
struct Document {
    project: Option<Table>,
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
struct Table {
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Tool {
    poetry: Option<Poetry>,
}

#[derive(Deserialize)]
struct Poetry {
    #[serde(default)]
    dependencies: toml::Table,
}

/// The dependencies of a project.
pub(super) fn read(text: &str, beside: impl Fn(&str) -> Option<String>) -> Result<Contents, String> {
    let document: Document = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let own = document.project.unwrap_or_default().dependencies;
    let (poetry, mut left_out) = match document.tool.poetry {
        Some(poetry) if own.is_empty() => poetry::requirements(&poetry.dependencies),
        _ => (Vec::new(), Vec::new()),
    };
    let wanted = [own, poetry].concat();
    if wanted.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    if let Some(lock) = beside("uv.lock") {
        return locks::pinned(&lock, &wanted);
    }
    if let Some(lock) = beside("pylock.toml") {
        return locks::pylock(&lock);
    }
    if let Some(lock) = beside("poetry.lock") {
        let (requirements, others) = locks::poetry(&lock, &wanted)?;
        return Ok((requirements, [left_out, others].concat()));
    }
    let (requirements, others) = packages(wanted);
    left_out.extend(others);
    Ok((requirements, left_out))
}
