package flex

import "customerhub/internal/connector"

// Unpaced lets a connection make as many calls as it likes at once, against a sandbox that does not limit them.
func Unpaced(conn connector.Connection) connector.Connection {
	conn.(*Connection).service.Pace = nil
	return conn
}
