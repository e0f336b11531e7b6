// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Verify, prove and read the tamper-evident log",
		Long: `Works with the log of decisions and events. Verify, prove and export need nothing
but the files of a log: a data folder, a log's folder, its URL or an exported
bundle. The formats are those of C2SP (tlog-tiles, signed notes, tlog-proof), so
that tools which are not ours check the same files; docs/audit.md shows how.`,
		Example: `  comity audit verify comity-data
  comity audit prove 0 --log comity-data > entry.tlog-proof`,
	}
	cmd.AddCommand(newAuditVerify(), newAuditProve(), newAuditExport(), newAuditAppend(), newAuditQuery(), newAuditShow(), newAuditErase(), newAuditAdopt(), newAuditRotate())
	group(cmd)
	return cmd
}

// entryAt is an entry of a log, or a part of an entry that is a batch.
type entryAt struct {
	index uint64
	sub   int64 // -1: the entry itself
}

// parsePlace reads INDEX or INDEX/SUB.
func parsePlace(op, text string) (entryAt, error) {
	first, second, isPart := strings.Cut(text, "/")
	index, err := strconv.ParseUint(first, 10, 63)
	p := entryAt{index: index, sub: -1}
	if err == nil && isPart {
		p.sub, err = strconv.ParseInt(second, 10, 32)
	}
	if err != nil || p.sub < -1 || isPart && p.sub < 0 {
		return entryAt{}, usageError(op, "an entry is a number such as 17, a part of a batch is 17/3", "%q is no entry", text)
	}
	return p, nil
}
