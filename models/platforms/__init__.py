"""The platform library: facts with their sources, and the native XMI made from them."""
