# Installers of packages, which do nothing in a running container.

# What installs packages, by the package it is found in.
installers <- list(
  utils = "^(install|update)[.]packages$", remotes = "^(install|update)_", devtools = "^(install|update)_",
  BiocManager = "^install$", pak = "^(pak|pkg_install)$"
)

# Keeps a running container from downloading anything, in packages that are loaded and those yet to be.
disarm_installers <- function() for (package in names(installers)) disarm_when_loaded(package)

# Disarms a package as soon as it is there, before anything else can take its functions from it.
disarm_when_loaded <- function(package) {
  if (isNamespaceLoaded(package)) disarm(package)
  else setHook(packageEvent(package, "onLoad"), function(...) disarm(package))
}

# Puts functions that do nothing in the place of those that install something.
disarm <- function(package) {
  attached <- paste0("package:", package)
  places <- c(asNamespace(package), if (attached %in% search()) as.environment(attached))
  for (place in places) for (name in ls(place, pattern = installers[[package]])) {
    override(name, idle(get(name, envir = place)), place)
  }
}

# Gives a function of the same arguments that only looks whether the packages it is to install are there.
idle <- function(installer) {
  first <- names(formals(installer))[1]
  if (first %in% c("pkgs", "pkg", "package")) {
    body(installer) <- bquote(.(miss)(if (!missing(.(as.name(first)))) .(as.name(first))))
  } else {
    body(installer) <- quote(invisible())
  }
  installer
}

# Tells of packages from CRAN that are not in the image.
miss <- function(packages) {
  plain <- matches(packages, "[a-z][a-z0-9.]*[a-z0-9]") & !matches(packages, ".*[.](gz|tgz|zip|bz2|xz)")
  for (package in unique(packages[plain])) if (!length(find.package(package, quiet = TRUE))) {
    say("warning: package `", package, "` is not in the image: c3 installs what it finds in install.packages(\"",
        package, "\") calls")
  }
  invisible()
}
