package ui

import "embed"

// EmbedFS takes the place of the file that the vendor generates when it builds its web pages.
//
//go:embed static
var EmbedFS embed.FS
