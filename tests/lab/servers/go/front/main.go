// front makes mail servers of servers that begin with TLS: it answers SMTP up to STARTTLS and then
// joins the client with the server. Every end is passed on as what it was: a half-close as a
// half-close, a reset as a reset. Commands are read an octet at a time, so that what a client sends
// behind STARTTLS reaches the server too.
//
//	front ADDRESS=HOST:PORT…     an address is served (port 25) once its server listens
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"lab/smtp"
)

const (
	idleLimit = 5 * time.Minute
	pollEvery = 20 * time.Millisecond
	lineMax   = 2048
)

func main() {
	for _, argument := range os.Args[1:] {
		address, server, _ := strings.Cut(argument, "=")
		go serve(address, server)
	}
	select {}
}

func serve(address, server string) {
	for !listens(server) {
		time.Sleep(pollEvery)
	}
	smtp.Serve(address, func(client *net.TCPConn) { talk(client, server) })
}

// listens looks into the kernel's tables: some servers serve one connection after the other, and
// one made to see whether they are there would be in the way of the first client.
func listens(server string) bool {
	at, err := net.ResolveTCPAddr("tcp4", server)
	if err != nil {
		log.Fatal(err)
	}
	ip := at.IP.To4()
	here := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], at.Port)
	anywhere := fmt.Sprintf(":%04X", at.Port) // what is left of an address of zeros
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for _, line := range strings.Split(string(text), "\n") {
			field := strings.Fields(line)
			if len(field) > 3 && field[3] == "0A" && (field[1] == here || strings.TrimLeft(field[1], "0") == anywhere) {
				return true
			}
		}
	}
	return false
}

func talk(client *net.TCPConn, server string) {
	defer client.Close()
	client.SetDeadline(time.Now().Add(idleLimit))
	fmt.Fprint(client, "220 front.mx.test ESMTP\r\n")
	for {
		line, err := readLine(client)
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"):
			fmt.Fprint(client, "250-front.mx.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
		case verb == "STARTTLS":
			join(client, server)
			return
		case verb == "QUIT":
			fmt.Fprint(client, "221 2.0.0 bye\r\n")
			return
		default:
			fmt.Fprint(client, "250 2.0.0 ok\r\n")
		}
	}
}

func readLine(from io.Reader) (string, error) {
	var line []byte
	octet := make([]byte, 1)
	for len(line) < lineMax {
		if _, err := from.Read(octet); err != nil {
			return "", err
		}
		if octet[0] == '\n' {
			return string(line), nil
		}
		line = append(line, octet[0])
	}
	return "", errors.New("line too long")
}

func join(client *net.TCPConn, server string) {
	connection, err := net.Dial("tcp", server)
	if err != nil {
		fmt.Fprint(client, "454 4.7.0 TLS not available\r\n")
		return
	}
	there := connection.(*net.TCPConn)
	defer there.Close()
	there.SetDeadline(time.Now().Add(idleLimit))
	fmt.Fprint(client, "220 2.0.0 ready\r\n")
	done := make(chan struct{})
	go func() {
		pass(there, client)
		close(done)
	}()
	pass(client, there)
	<-done
}

// pass copies until one side ends, and ends the other in the same way.
func pass(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		for _, side := range []*net.TCPConn{to, from} {
			side.SetLinger(0)
			side.Close()
		}
	case err != nil:
		to.Close()
		from.Close()
	default:
		to.CloseWrite()
	}
}
