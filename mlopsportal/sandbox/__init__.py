"""A stand-in Azure ML workspace over HTTP on loopback; product code talks to it, and never imports it."""
