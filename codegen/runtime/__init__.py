"""C sources of the runtime, shipped as data and copied into every generated project."""
