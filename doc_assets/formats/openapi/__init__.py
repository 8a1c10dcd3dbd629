"""The format ``openapi``: descriptions of HTTP APIs, by OpenAPI 3 and Swagger 2."""
