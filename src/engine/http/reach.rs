//! How near an address is, so that a stranger's redirect leads nowhere that the stranger can't reach.

use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// The place of an address, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// On this machine.
    Machine,
    /// On its own network segment, where clouds serve machines their secrets.
    Link,
    /// In a private network.
    Private,
    /// Anywhere.
    Public,
}

impl Reach {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, ..] = address.octets();
        if address.is_loopback() || first == 0 {
            Self::Machine
        } else if address.is_link_local() {
            Self::Link
        } else if address.is_private() || (first == 100 && second & 0b1100_0000 == 64) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            _ if address.is_loopback() || address.is_unspecified() => Self::Machine,
            _ if address.is_unicast_link_local() => Self::Link,
            _ if address.is_unique_local() => Self::Private,
            // An address of the other kind behind a translator.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                Self::of_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
            }
            _ => Self::Public,
        }
    }

    /// The place of a host, as far as its name tells.
    pub(super) fn named(url: &Url) -> Option<Self> {
        match url.host()? {
            Host::Ipv4(address) => Some(Self::of(address.into())),
            Host::Ipv6(address) => Some(Self::of(address.into())),
            Host::Domain(name) => is_local_name(name).then_some(Self::Machine),
        }
    }

    /// The place of a host: that of the farthest of its addresses, or anywhere if none is known.
    pub(super) async fn looked_up(url: &Url) -> Self {
        if let Some(reach) = Self::named(url) {
            return reach;
        }
        let host = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let addresses = tokio::net::lookup_host(host).await.into_iter().flatten();
        addresses.map(|address| Self::of(address.ip())).max().unwrap_or(Self::Public)
    }
}

/// Whether a host is this machine, by the rules of Docker and browsers.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// A resolver that returns no address nearer than the first one.
#[derive(Debug)]
pub(super) struct Guarded(pub(super) Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let nearest = self.0;
        Box::pin(async move {
            let name = name.as_str();
            let addresses: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
            // The proxy's own name is looked up here, too.
            let is_near = |ip| Reach::of(ip) < nearest;
            if !is_proxy(name) && addresses.iter().any(|address| is_near(address.ip())) {
                return Err(io::Error::other("its address is that of a nearer network").into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn is_proxy(name: &str) -> bool {
    let variables = ["http_proxy", "https_proxy", "all_proxy"];
    let values = variables.iter().flat_map(|name| [env::var(name), env::var(name.to_uppercase())]).flatten();
    let host = |value: String| {
        let url = if value.contains("://") { value } else { format!("http://{value}") };
        Url::parse(&url).ok()?.host_str().map(str::to_owned)
    };
    values.filter_map(host).any(|host| host == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Option<Reach> {
        Reach::named(&Url::parse(url).unwrap())
    }

    #[test]
    fn addresses_are_classified_in_every_notation() {
        for url in [
            "http://127.0.0.1",
            "http://127.1:80",
            "http://2130706433",
            "http://0x7f.1",
            "http://0.0.0.0",
            "http://[::1]",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://[64:ff9b::7f00:1]",
            "http://localhost",
            "http://LOCALHOST.",
            "http://a.localhost",
        ] {
            assert_eq!(named(url), Some(Reach::Machine), "{url}");
        }
        for url in ["http://169.254.169.254", "http://[fe80::1]", "http://[::ffff:169.254.169.254]"] {
            assert_eq!(named(url), Some(Reach::Link), "{url}");
        }
        for url in [
            "http://10.0.0.1",
            "http://172.31.0.1",
            "http://192.168.1.1",
            "http://100.64.0.1",
            "http://[fd00::1]",
        ] {
            assert_eq!(named(url), Some(Reach::Private), "{url}");
        }
        for url in ["http://172.32.0.1", "http://1.1.1.1", "http://[2606::1]"] {
            assert_eq!(named(url), Some(Reach::Public), "{url}");
        }
        assert_eq!(named("http://localhost.example"), None);
    }

    #[test]
    fn loopback_addresses_are_recognized() {
        let is = |host: &str| is_loopback(&Url::parse(&format!("http://{host}/")).unwrap());
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]", "[::1]:5000"] {
            assert!(is(host), "{host}");
        }
        for host in ["docker.io", "localhost.example", "128.0.0.1", "[::2]:1", "10.0.0.1:5000", "0.0.0.0"] {
            assert!(!is(host), "{host}");
        }
    }
}
