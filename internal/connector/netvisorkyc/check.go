package netvisorkyc

import (
	"context"
	"fmt"
	"strings"

	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

const (
	fixCredential = "An administrator requests a new credential for the integration user in KYC under Maintenance, or with the hub, and it is stored here. " +
		"Support: " + Support + "."
	fixInterfaces = "KYC support enables the interfaces and creates the integration user on the administrator's request: " + Support + "."
	fixKYC        = "An administrator looks at the integration in KYC under Maintenance and hands the identifiers over again. Support: " + Support + "."
	fixNetvisor   = "An administrator allows the ready-made integration found by the search word KYC in Netvisor's interface resource rights, and hands " +
		"both Netvisor identifiers over again. Support: " + Support + "."
)

// Check implements connector.Checker with one call: the integration as it stands. It changes nothing.
func (c *Connection) Check(ctx context.Context) ([]system.Check, error) {
	state, err := c.integration(ctx)
	if fault.Is(err, fault.Denied) {
		return denied(fault.Of(err)), nil
	}
	switch {
	case err != nil:
		return nil, err
	case state.State == "DISABLED":
		return []system.Check{admitted, {Name: "interfaces", Message: "KYC support has not enabled the interfaces.", Fix: fixInterfaces}}, nil
	}
	return append([]system.Check{admitted, {Name: "interfaces", OK: true}}, c.verified(state)...), nil
}

var admitted = system.Check{Name: "credential", OK: true}

// denied says which of two things is wrong when KYC lets nobody in.
func denied(f *fault.Error) []system.Check {
	if f.Reason == InterfacesNotEnabled || f.Reason == InsufficientRights {
		return []system.Check{admitted, {Name: "interfaces", Message: f.Message, Fix: fixInterfaces}}
	}
	return []system.Check{{Name: "credential", Message: f.Message, Fix: fixCredential}}
}

// verified are the checks of both sides as KYC has made them.
func (c *Connection) verified(i *api.Integration) []system.Check {
	v := i.Verification
	message := rest.Words(c.service.Scrubber()(string(v.Message)))
	check := func(name string, found api.Text, fix string) system.Check {
		out := system.Check{Name: name, OK: found == "OK"}
		if out.OK {
			return out
		}
		out.Fix, out.Message = fix, message
		if message == "" {
			out.Message = fmt.Sprintf("KYC has not verified it (%s).", orNothing(found))
		}
		return out
	}
	return []system.Check{check("verification kyc", v.KYC, fixKYC), check("verification netvisor", v.Netvisor, fixNetvisor)}
}

// orNothing is a vendor's word for a message.
func orNothing(t api.Text) string {
	if w := rest.Word(strings.ToUpper(string(t))); w != "" {
		return w
	}
	return "nothing is said of it"
}
