//! Interactive images: a desktop reached by VNC and SSH, with a browser, Jupyter and an application where wanted.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::language::Language;

/// What people find on the desktop of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    /// The application in a terminal, from which its windows come.
    Desktop,
    /// The application as a service, and a browser with its page.
    Browser,
    /// Jupyter in a browser, and the application to be started by hand.
    Jupyter,
}

/// An interactive image, with or without an application.
#[derive(Debug)]
pub(crate) struct Interactive<'a> {
    /// What people find on the desktop.
    pub(crate) interface: Interface,
    /// What notebooks are written in.
    pub(crate) language: Language,
    /// Whether Python comes from the distribution, whose packages pip couldn't take out.
    pub(crate) system_python: bool,
    /// The page of a web interface, which the browser opens once it answers.
    pub(crate) url: Option<&'a str>,
    /// What is started.
    pub(crate) application: Option<Application>,
}

/// An application on the desktop.
#[derive(Debug)]
pub(crate) struct Application {
    /// Its name: letters, digits and hyphens.
    pub(crate) name: String,
    /// The words that start it.
    pub(crate) command: Vec<String>,
    /// Its source, from the home directory on, which Jupyter opens.
    pub(crate) source: String,
}

/// What the Dockerfile's parts `platforms/chaimeleon-{desktop,login,home}` take by the name `interactive`.
#[derive(Debug, Serialize)]
pub(crate) struct Parts {
    packages: Vec<&'static str>,
    browser: bool,
    pip: Vec<&'static str>,
    jupyter: bool,
    r_kernel: bool,
    program: Option<String>,
}

/// What can't stand in the path of a page as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/');

/// The desktop, what it needs, and what makes it reachable.
const PACKAGES: &[&str] = &[
    "dbus-x11",
    "fonts-dejavu-core",
    "lxde",
    "lxde-icon-theme",
    "openssh-server",
    "python3",
    "supervisor",
    "tini",
    "x11vnc",
    "xterm",
    "xvfb",
];

impl Interface {
    /// The interface of a name; other names are of none.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "desktop" => Some(Self::Desktop),
            "browser" => Some(Self::Browser),
            "jupyter" => Some(Self::Jupyter),
            _ => None,
        }
    }
}

impl Interactive<'_> {
    /// What the Dockerfile says of it.
    pub(crate) fn parts(&self) -> Parts {
        let is_r = self.language == Language::R;
        let has_jupyter = self.interface == Interface::Jupyter;
        let only_if =
            |wanted: bool, packages: &[&'static str]| if wanted { packages.to_vec() } else { vec![] };
        Parts {
            packages: [
                PACKAGES.to_vec(),
                only_if(is_r, &["python3-pip"]),
                only_if(is_r && has_jupyter, &["r-cran-irkernel"]),
            ]
            .concat(),
            browser: self.interface != Interface::Desktop,
            pip: [
                only_if(self.system_python, &["--ignore-installed"]),
                vec!["guacli"],
                only_if(has_jupyter, &["jupyter"]),
            ]
            .concat(),
            jupyter: has_jupyter,
            r_kernel: is_r && has_jupyter,
            program: self.application.as_ref().map(|application| application.name.clone()),
        }
    }

    /// The page that the browser shows first.
    pub(super) fn start_page(&self) -> Option<String> {
        match self.interface {
            Interface::Desktop => None,
            Interface::Browser => self.url.map(ToOwned::to_owned),
            Interface::Jupyter => {
                let source = self.application.as_ref().map(|application| application.source.as_str());
                let path = source.map(|source| format!("/tree/{}", utf8_percent_encode(source, PATH)));
                Some(format!("http://localhost:8888/lab{}", path.unwrap_or_default()))
            }
        }
    }
}

/// The command by which an interactive image is tried where there is no platform.
pub(crate) fn trial(image: &str) -> String {
    let ports = "-p 15900:5900 -p 3322:2222";
    let variables = "-e VNC_PASSWORD=... -e PASSWORD=... -e SSH_ENABLE_PASSWORD_AUTH=true";
    format!("docker run --rm {ports} {variables} {image}")
}
