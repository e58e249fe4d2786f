package netvisorkyc

import "net/http"

// The endpoints of the integration itself.

func (s *Sandbox) apiCredential(c *apiCall) (answer, error) {
	issued, err := s.issueCredential(c.org)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: issued, changed: true}, nil
}

func (s *Sandbox) apiIntegration(c *apiCall) (answer, error) {
	return answer{status: http.StatusOK, etag: etag(c.org.integration.Revision), body: c.org.view()}, nil
}

// apiPutIntegration answers PUT /integration. What is absent stays as it is, since the identifiers cannot be read back [assumed].
func (s *Sandbox) apiPutIntegration(c *apiCall) (answer, error) {
	var given struct {
		Type             field[string] `json:"type"`
		OnlyWithContact  field[bool]   `json:"onlyWithContactPerson"`
		ErrorReportEmail field[string] `json:"errorReportEmail"`
		Netvisor         field[struct {
			UserName       field[string] `json:"userName"`
			IntegrationKey field[string] `json:"integrationKey"`
		}] `json:"netvisor"`
	}
	if err := decode(c.body, &given); err != nil {
		return answer{}, err
	}
	names := given.Netvisor.value
	var wrong []FieldError
	if given.Type.given && given.Type.value != typeNetvisor {
		wrong = append(wrong, FieldError{"type", "VALUE", "must be " + typeNetvisor})
	}
	if v := given.ErrorReportEmail.value; v != "" && (!validEmail(v) || len(v) > 254) {
		wrong = append(wrong, FieldError{"errorReportEmail", "FORMAT", "is no e-mail address"})
	}
	for path, v := range map[string]string{"netvisor.userName": names.UserName.value, "netvisor.integrationKey": names.IntegrationKey.value} {
		if len(v) > 500 {
			wrong = append(wrong, FieldError{path, "TOO_LONG", "is too long"})
		}
	}
	if wrong != nil {
		return answer{}, invalid(wrong...)
	}
	before := c.org.integration.Revision
	s.changeIntegration(c.org, func(i *integration) {
		if given.Type.given {
			i.Type = given.Type.value
		}
		if given.OnlyWithContact.given {
			i.OnlyWithContact = given.OnlyWithContact.value
		}
		if given.ErrorReportEmail.given {
			i.Email = given.ErrorReportEmail.value
		}
		if names.UserName.given {
			i.Identifiers.UserName = names.UserName.value
		}
		if names.IntegrationKey.given {
			i.Identifiers.IntegrationKey = names.IntegrationKey.value
		}
	})
	now := c.org.integration.Revision
	return answer{status: http.StatusOK, etag: etag(now), body: c.org.view(), changed: now != before}, nil
}

func (s *Sandbox) apiSubmit(c *apiCall) (answer, error) {
	if err := s.submit(c.org); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, body: c.org.view(), changed: true}, nil
}

func (s *Sandbox) apiStart(c *apiCall) (answer, error) {
	run, now, err := s.start(c.org)
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if now {
		status = http.StatusAccepted
	}
	return answer{status: status, body: map[string]string{"runId": run}, changed: now}, nil
}

func (s *Sandbox) apiPause(c *apiCall) (answer, error) { return s.turned(c, s.pause) }

func (s *Sandbox) apiResume(c *apiCall) (answer, error) { return s.turned(c, s.resume) }

func (s *Sandbox) turned(c *apiCall, turn func(*organisation) error) (answer, error) {
	before := c.org.integration.Revision
	if err := turn(c.org); err != nil {
		return answer{}, err
	}
	now := c.org.integration.Revision
	return answer{status: http.StatusOK, etag: etag(now), body: c.org.view(), changed: now != before}, nil
}
