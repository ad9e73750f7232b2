// starttls is SMTP with STARTTLS on Go's crypto/tls.
//
//	starttls ADDRESS CHAIN KEY LOWEST HIGHEST SUITES    versions as 0x0301, SUITES all or default
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"lab/smtp"
)

const idleLimit = time.Minute

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: version(os.Args[4]),
		MaxVersion: version(os.Args[5]), CipherSuites: suites(os.Args[6])}
	smtp.Serve(os.Args[1], func(client *net.TCPConn) { serve(client, config) })
}

func version(text string) uint16 {
	number, err := strconv.ParseUint(text, 0, 16)
	if err != nil {
		log.Fatal(err)
	}
	return uint16(number)
}

// suites: nil stands for crypto/tls's own choice.
func suites(which string) (chosen []uint16) {
	if which == "default" {
		return nil
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		chosen = append(chosen, suite.ID)
	}
	return chosen
}

func serve(client net.Conn, config *tls.Config) {
	defer client.Close()
	client.SetDeadline(time.Now().Add(idleLimit))
	fmt.Fprint(client, "220 go.mx.test ESMTP\r\n")
	if !answer(client, true) {
		return
	}
	secure := tls.Server(client, config)
	if secure.Handshake() == nil {
		answer(secure, false)
		secure.Close()
	}
}

// answer speaks SMTP until the end (false) or an accepted STARTTLS (true).
func answer(client net.Conn, clear bool) bool {
	for lines := bufio.NewScanner(client); lines.Scan(); {
		switch verb := strings.ToUpper(strings.TrimSpace(lines.Text())); {
		case verb == "QUIT":
			fmt.Fprint(client, "221 2.0.0 bye\r\n")
			return false
		case verb == "STARTTLS" && clear:
			fmt.Fprint(client, "220 2.0.0 ready\r\n")
			return true
		case strings.HasPrefix(verb, "EHLO") && clear:
			fmt.Fprint(client, "250-go.mx.test\r\n250 STARTTLS\r\n")
		default:
			fmt.Fprint(client, "250 2.0.0 ok\r\n")
		}
	}
	return false
}
