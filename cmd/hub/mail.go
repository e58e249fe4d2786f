package main

import (
	"context"
	"errors"
	"time"

	"customerhub/internal/mail"
)

// mailFlags say how mail goes out.
type mailFlags struct {
	MailURL  string `help:"Mail server for error reports, such as smtps://USER:PASSWORD@HOST; smtp:// is STARTTLS. Without it none are sent." placeholder:"URL" env:"HUB_MAIL_URL" group:"Mail:"`
	MailFrom string `help:"Address that error reports come from." placeholder:"ADDRESS" env:"HUB_MAIL_FROM" group:"Mail:"`
}

// Validate checks the flags.
func (f *mailFlags) Validate() error {
	_, err := f.server()
	return err
}

// server is the mail server; nil when none is named. Its errors repeat nothing of the URL: there may be a password in it.
func (f *mailFlags) server() (*mail.Server, error) {
	if f.MailURL == "" {
		return nil, nil
	}
	s, err := mail.ParseServer(f.MailURL, f.MailFrom)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, mail.ErrFrom):
		return nil, usage("--mail-from (HUB_MAIL_FROM) %s", err)
	}
	return nil, usage("--mail-url (HUB_MAIL_URL) %s", err)
}

// reportsEvery is how often the hub looks whether an error report is due.
const reportsEvery = 10 * time.Second

// proposeReports lets the reporter look whether a report is due.
func (a *app) proposeReports(context.Context) error {
	a.reporter.Wake()
	return nil
}
