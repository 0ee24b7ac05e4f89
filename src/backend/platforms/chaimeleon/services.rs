//! The services of an interactive image, which its supervisor starts and keeps running.

use std::borrow::Cow;

use serde::Serialize;

use super::interactive::{Interactive, Interface};

/// What the configuration of the supervisor takes.
#[derive(Debug, Serialize)]
pub(super) struct Services {
    services: Vec<Service>,
}

/// A program that is kept running.
#[derive(Debug, Clone, Serialize)]
struct Service {
    name: &'static str,
    command: Cow<'static, str>,
    priority: u32,
    /// Whether it is left alone when somebody ends it.
    may_end: bool,
}

/// The display and the desktop on it, and the two ways in.
const DESKTOP: &[Service] = &[
    service("display", 10, "Xvfb :1 -screen 0 %(ENV_RESOLUTION)sx24 -nolisten tcp"),
    service(
        "bus",
        10,
        "dbus-daemon --session --nofork --nopidfile --address=%(ENV_DBUS_SESSION_BUS_ADDRESS)s",
    ),
    service("windows", 15, "/home/chaimeleon/.init/with-display.sh openbox %(ENV_OPENBOX_ARGS)s"),
    service("panel", 15, "/home/chaimeleon/.init/with-display.sh lxpanel --profile LXDE"),
    service("files", 15, "/home/chaimeleon/.init/with-display.sh pcmanfm --desktop --profile LXDE"),
    service(
        "vnc",
        20,
        "/home/chaimeleon/.init/with-display.sh x11vnc -display :1 -rfbport 5900 \
         -rfbauth /home/chaimeleon/.session/vnc-password -forever -shared -repeat -xkb -noxrecord %(ENV_X11VNC_ARGS)s",
    ),
    service("ssh", 25, "/usr/sbin/sshd -D -e -f /home/chaimeleon/.session/sshd_config"),
];

/// Jupyter without a token: it listens only where the container's own user is, who has logged in already.
const JUPYTER: Service = service(
    "jupyter",
    25,
    "jupyter lab --ip=127.0.0.1 --port=8888 --no-browser --ServerApp.root_dir=/home/chaimeleon \
     --IdentityProvider.token= --PasswordIdentityProvider.hashed_password=",
);

/// The browser with the start page.
const BROWSER: Service = Service {
    name: "browser",
    command: Cow::Borrowed("/home/chaimeleon/.init/with-display.sh /home/chaimeleon/.init/open-page.sh"),
    priority: 40,
    may_end: true,
};

/// The services of an image.
pub(super) fn services(interactive: &Interactive) -> Services {
    let jupyter = (interactive.interface == Interface::Jupyter).then_some(JUPYTER);
    let browser = interactive.start_page().map(|_| BROWSER);
    let services = DESKTOP.iter().cloned().chain(jupyter).chain(application(interactive)).chain(browser);
    Services { services: services.collect() }
}

/// The application: in a terminal that may be closed, or kept running where its page is what people see of it.
fn application(interactive: &Interactive) -> Option<Service> {
    let name = &interactive.application.as_ref()?.name;
    let (program, may_end) = match interactive.interface {
        Interface::Desktop => (format!("/home/chaimeleon/.local/bin/{name}"), true),
        Interface::Browser => ("/home/chaimeleon/.init/application.sh".to_owned(), false),
        Interface::Jupyter => return None,
    };
    let command = Cow::from(format!("/home/chaimeleon/.init/with-display.sh {program}"));
    Some(Service { name: "application", command, priority: 30, may_end })
}

const fn service(name: &'static str, priority: u32, command: &'static str) -> Service {
    Service { name, command: Cow::Borrowed(command), priority, may_end: false }
}
