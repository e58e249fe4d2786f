package pg_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
)

// oldServer is the little of an old Postgres that a client sees until it asks for the version. It gives the address, and
// the statements that it was asked to run once it is stopped.
func oldServer(t *testing.T) (address string, asked func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			c, err := listener.Accept()
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				return err
			}
			b := pgproto3.NewBackend(c, c)
			if _, err := b.ReceiveStartupMessage(); err != nil {
				return err
			}
			b.Send(&pgproto3.AuthenticationOk{})
			b.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
			b.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			for {
				if err := b.Flush(); err != nil {
					return err
				}
				m, err := b.Receive()
				if err != nil {
					return err
				}
				q, ok := m.(*pgproto3.Query)
				if !ok {
					return nil // the client takes its leave
				}
				statements = append(statements, q.String)
				b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
					{Name: []byte("number"), DataTypeOID: 23, DataTypeSize: 4, TypeModifier: -1},
					{Name: []byte("release"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1},
				}})
				b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("140012"), []byte("14.12")}})
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
				b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			}
		}()
	}()
	return listener.Addr().String(), func() []string {
		_ = listener.Close()
		if err := <-done; err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		return statements
	}
}

func TestMigrateOnAnOldServer(t *testing.T) {
	t.Parallel()
	address, asked := oldServer(t)
	_, err := pg.Migrate(t.Context(), "postgres://owner@"+address+"/hub?sslmode=disable&default_query_exec_mode=simple_protocol", files(), pg.MigrateOptions{})
	if fault.CodeOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	for _, part := range []string{address, "Postgres 14.12", "15 or newer"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
	if statements := asked(); len(statements) != 1 {
		t.Errorf("it was asked for more than its version: %q", statements)
	}
}
