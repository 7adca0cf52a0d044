// A client and a server on quic-go that do the work of the measuring tool: bulk both ways, rr, and crr. A stream begins with the length
// of the answer that is wanted, 8 bytes, big endian; what follows, up to its end, is the request.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

const protocol = "bench"
const windowBytes = 16 << 20

var block = make([]byte, 1<<20)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func config() *quic.Config {
	return &quic.Config{
		InitialStreamReceiveWindow:     windowBytes,
		MaxStreamReceiveWindow:         windowBytes,
		InitialConnectionReceiveWindow: 2 * windowBytes,
		MaxConnectionReceiveWindow:     2 * windowBytes,
		MaxIncomingStreams:             4096,
		MaxIdleTimeout:                 30 * time.Second,
	}
}

func write(stream io.Writer, length uint64) {
	for length > 0 {
		part := min(length, uint64(len(block)))
		if _, err := stream.Write(block[:part]); err != nil {
			return
		}
		length -= part
	}
}

func serveStream(stream quic.Stream) {
	var header [8]byte
	if _, err := io.ReadFull(stream, header[:]); err != nil {
		return
	}
	io.Copy(io.Discard, stream)
	write(stream, binary.BigEndian.Uint64(header[:]))
	stream.Close()
}

func serveConnection(connection quic.Connection) {
	for {
		stream, err := connection.AcceptStream(context.Background())
		if err != nil {
			return
		}
		go serveStream(stream)
	}
}

func identity() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func serve() {
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{identity()}, NextProtos: []string{protocol}}
	listener, err := quic.ListenAddr("127.0.0.1:0", tlsConfig, config())
	check(err)
	fmt.Printf("port %s\n", listener.Addr().String()[len("127.0.0.1:"):])
	for {
		connection, err := listener.Accept(context.Background())
		check(err)
		go serveConnection(connection)
	}
}

func dial(port string) quic.Connection {
	tlsConfig := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
	connection, err := quic.DialAddr(context.Background(), "127.0.0.1:"+port, tlsConfig, config())
	check(err)
	return connection
}

// One request of some bytes and its answer.
func exchange(connection quic.Connection, request uint64, answer uint64) uint64 {
	stream, err := connection.OpenStreamSync(context.Background())
	check(err)
	var header [8]byte
	binary.BigEndian.PutUint64(header[:], answer)
	stream.Write(header[:])
	write(stream, request)
	stream.Close()
	received, err := io.Copy(io.Discard, stream)
	check(err)
	return uint64(received)
}

// Works in parallel until the time is up: pieces of work done a second.
func repeat(workers int, duration time.Duration, work func()) float64 {
	var count atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Since(start) < duration {
				work()
				count.Add(1)
			}
		}()
	}
	group.Wait()
	return float64(count.Load()) / time.Since(start).Seconds()
}

func bulk(port string, upload uint64, download uint64) float64 {
	connection := dial(port)
	start := time.Now()
	if exchange(connection, upload, download) != download {
		check(io.ErrUnexpectedEOF)
	}
	return float64(upload+download) * 8 / 1e9 / time.Since(start).Seconds()
}

func measure(mode string, port string, size int) float64 {
	const duration = 3 * time.Second
	switch mode {
	case "download":
		return bulk(port, 0, uint64(size))
	case "upload":
		return bulk(port, uint64(size), 0)
	case "rr":
		connection := dial(port)
		return repeat(size, duration, func() { exchange(connection, 64, 64) })
	case "crr":
		return repeat(size, duration, func() {
			connection := dial(port)
			exchange(connection, 64, 64)
			connection.CloseWithError(0, "")
		})
	}
	check(fmt.Errorf("unknown mode %s", mode))
	return 0
}

// server, or: download|upload PORT BYTES, rr PORT IN-FLIGHT, crr PORT CONNECTIONS.
func main() {
	if len(os.Args) == 2 && os.Args[1] == "server" {
		serve()
	}
	if len(os.Args) != 4 {
		check(fmt.Errorf("server | download PORT BYTES | upload PORT BYTES | rr PORT IN-FLIGHT | crr PORT CONNECTIONS"))
	}
	size, err := strconv.Atoi(os.Args[3])
	check(err)
	fmt.Printf("rate %.3f\n", measure(os.Args[1], os.Args[2], size))
}
