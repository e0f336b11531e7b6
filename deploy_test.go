// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDockerfile: the image that runs has no shell and is not root.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := regexp.MustCompile(`(?m)^FROM `).Split(string(text), -1)
	last := stages[len(stages)-1]
	if !strings.HasPrefix(last, "scratch\n") {
		t.Errorf("the last stage is from %q", strings.SplitN(last, "\n", 2)[0])
	}
	for _, want := range []string{"\nUSER 65532:65532\n", `ENTRYPOINT ["/comity"]`, `VOLUME ["/var/lib/comity", "/var/lib/comity-anchor"]`} {
		if !strings.Contains(last, want) {
			t.Errorf("the last stage has no %q", strings.TrimSpace(want))
		}
	}
	for _, line := range strings.Split(last, "\n") {
		if strings.HasPrefix(line, "RUN ") || (strings.HasPrefix(line, "CMD ") || strings.HasPrefix(line, "ENTRYPOINT ")) && !strings.Contains(line, "[") {
			t.Errorf("%q needs a shell", line)
		}
	}
	if !strings.Contains(string(text), "CGO_ENABLED=0 go build") {
		t.Error("the binary is not static")
	}
}

// TestUnit: the unit is hardened, names what the configuration names, and systemd accepts
// it where it is there to ask.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("deploy/comity.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "DynamicUser=yes",
		"StateDirectory=comity comity-anchor", "CapabilityBoundingSet=\n", "MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service",
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "--data /var/lib/comity ", "--anchor /var/lib/comity-anchor\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the unit has no %s", strings.TrimSpace(want))
		}
	}
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	// The unit's own program need not be installed for the rest to be checked.
	name := filepath.Join(t.TempDir(), "comity.service")
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := strings.Replace(string(text), "/usr/local/bin/comity", here, 1)
	if err := os.WriteFile(name, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "verify", "--man=no", "--recursive-errors=no", name).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		// Other units of this machine are not ours to judge.
		if strings.Contains(line, "comity.service") {
			t.Errorf("systemd-analyze: %s", strings.TrimSpace(line))
		}
	}
	if err != nil && strings.Contains(string(out), name) {
		t.Errorf("systemd-analyze: %v", err)
	}
	t.Logf("systemd-analyze: %v %s", err, out)
}
