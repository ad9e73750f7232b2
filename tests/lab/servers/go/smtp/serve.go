// Package smtp is what the lab's mail servers in Go share.
package smtp

import (
	"log"
	"net"
)

// Serve hands every client of port 25 at the address to talk, each on its own. It does not return.
func Serve(address string, talk func(*net.TCPConn)) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "25"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go talk(client.(*net.TCPConn))
	}
}
