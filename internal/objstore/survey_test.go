// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/parquet-go/parquet-go"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/classify"
	"github.com/comity-project/comity/internal/survey"
	"github.com/comity-project/comity/internal/testenv"
)

type person struct {
	ID    int64  `parquet:"id"`
	Email string `parquet:"email,zstd"`
}

func people(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	rows := make([]person, 5000)
	for i := range rows {
		rows[i] = person{int64(i), fmt.Sprintf("anna%d@example.org", i)}
	}
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSurvey(t *testing.T) {
	server := testenv.S3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	client, err := minio.New(strings.TrimPrefix(server.Endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(server.AccessKey, server.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.MakeBucket(t.Context(), "exports", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	put := func(key string, data []byte) {
		t.Helper()
		if _, err := client.PutObject(t.Context(), "exports", key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put("a/people.parquet", people(t))
	put("a/people.csv", []byte("id,email\n1,anna@example.org\n2,bert@example.org\n3,cleo@example.org\n"))
	put("a/big.csv", append([]byte("note\n"), bytes.Repeat([]byte("nothing to see\n"), 1_000_000)...))
	put("a/bad.parquet", []byte("PAR1 this is none PAR1"))
	put("a/readme.txt", []byte("not looked at"))
	put("b/people.csv", []byte("id\n1\n"))

	c, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := survey.Options{Classifier: c, Limits: survey.DefaultLimits, State: survey.NewState()}
	run := func(o survey.Options) (map[string]survey.Report, survey.Summary, error) {
		t.Helper()
		src, err := OpenSurvey("s3://exports/a/", Options{Endpoint: server.Endpoint})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]survey.Report{}
		emit := o.Emit
		o.Emit = func(r survey.Report) error {
			out[r.Table] = r
			if emit != nil {
				return emit(r)
			}
			return nil
		}
		sum, err := survey.Run(t.Context(), src, o)
		return out, sum, err
	}
	got, sum, err := run(o)
	if err != nil || sum.Tables != 4 || sum.Failed != 1 || got["a/bad.parquet"].Status != survey.Failed {
		t.Fatalf("%+v, %v, %+v", sum, err, got["a/bad.parquet"])
	}
	for _, key := range []string{"a/people.parquet", "a/people.csv"} {
		if r := got[key]; len(r.Columns) != 2 || len(r.Columns[1].Findings) != 1 || r.Columns[1].Findings[0].Category != "user.contact.email" {
			t.Errorf("%s: %+v", key, r)
		}
	}
	if r := got["a/big.csv"]; !r.Sampled || r.Bytes > 1<<20 {
		t.Errorf("%+v", r)
	}
	put("a/people.csv", []byte("id,email\n1,dora@example.org\n"))
	got, sum, err = run(o)
	if err != nil || sum.Unchanged != 2 || got["a/people.csv"].Status != survey.Scanned {
		t.Errorf("%+v, %v", sum, err)
	}
	o.Full = true
	o.Emit = func(survey.Report) error { server.Stop(); return nil }
	if _, sum, err = run(o); !errors.Is(err, survey.ErrGone) || sum.Complete {
		t.Errorf("the store goes away: %+v, %v", sum, err)
	}
}

func TestOpenSurvey(t *testing.T) {
	for _, c := range []struct{ url, endpoint string }{
		{"exports", ""},
		{"http://exports", ""},
		{"s3://", ""},
		{"s3://k:s@exports", ""},
		{"s3://exports", "127.0.0.1:7070"},
		{"s3://exports", "ftp://x"},
		{"s3://exports", "http://k:s@x"},
	} {
		if _, err := OpenSurvey(c.url, Options{Endpoint: c.endpoint}); comity.CodeOf(err) != comity.CodeInvalid {
			t.Errorf("%v: %v", c, err)
		}
	}
}
