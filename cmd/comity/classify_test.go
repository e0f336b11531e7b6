// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"testing"
)

// Each line is answered when it is there: who writes the next one may wait for the answer.
func TestClassifyAnswersAtOnce(t *testing.T) {
	in, lines := io.Pipe()
	answers, out := io.Pipe()
	cmd := newClassifyText()
	cmd.SetIn(in)
	cmd.SetOut(out)
	cmd.SetArgs([]string{"--without-names"})
	ended := make(chan error, 1)
	go func() { err := cmd.Execute(); out.Close(); ended <- err }()
	got := bufio.NewScanner(answers)
	for i := range 3 {
		fmt.Fprintf(lines, "mail a%d@example.org\n", i)
		if want := fmt.Sprintf("mail [a%d@example.org|EMAIL_ADDRESS]", i); !got.Scan() || got.Text() != want {
			t.Fatalf("%q, want %q", got.Text(), want)
		}
	}
	lines.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
