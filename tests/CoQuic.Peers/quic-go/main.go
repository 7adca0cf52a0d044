// A peer on quic-go for what its interop endpoints lack: chosen versions and DATAGRAM frames. It speaks hq-interop and siduck.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	files  = "hq-interop"
	ducks  = "siduck"
	quack  = "quack"
	answer = "quack-ack"
	// SIDUCK_ONLY_QUACKS_ECHO: the peer said something else.
	onlyQuacksEcho = 0x101
	// Nothing takes longer, on any machine: what does, hangs.
	patience = 60 * time.Second
)

var (
	address  = flag.String("address", "127.0.0.1:4433", "where to listen, or whom to connect to")
	versions = flag.String("versions", "v1", "versions of QUIC, most preferred first")
	retry    = flag.Bool("retry", false, "server: send Retry")
	datagram = flag.Bool("datagram", false, "exchange DATAGRAM frames")
	www      = flag.String("www", "", "server: what to serve")
	chain    = flag.String("certificate", "", "server: its certificate, PEM")
	key      = flag.String("key", "", "server: its private key, PEM")
	download = flag.String("download", "", "client: where to keep files")
)

func protocol() string {
	if *datagram {
		return ducks
	}
	return files
}

func configuration() (*quic.Config, error) {
	known := map[string]quic.Version{"v1": quic.Version1, "v2": quic.Version2}
	config := &quic.Config{EnableDatagrams: *datagram}
	for _, name := range strings.Split(*versions, ",") {
		version, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("there is no version %q", name)
		}
		config.Versions = append(config.Versions, version)
	}
	return config, nil
}

func answerQuacks(connection quic.Connection) error {
	for {
		said, err := connection.ReceiveDatagram(context.Background())
		if err != nil {
			return err
		}
		if string(said) != quack {
			return connection.CloseWithError(onlyQuacksEcho, "no quack")
		}
		if err := connection.SendDatagram([]byte(answer)); err != nil {
			return err
		}
	}
}

func serveFile(stream quic.Stream) error {
	defer stream.Close()
	request, err := io.ReadAll(stream)
	if err != nil {
		return err
	}
	path, ok := bytes.CutPrefix(bytes.TrimSpace(request), []byte("GET /"))
	if !ok {
		return errors.New("no request")
	}
	file, err := os.Open(filepath.Join(*www, filepath.Base(string(path))))
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(stream, file)
	return err
}

func serveFiles(connection quic.Connection) error {
	for {
		stream, err := connection.AcceptStream(context.Background())
		if err != nil {
			return err
		}
		go serveFile(stream)
	}
}

func serve(config *quic.Config) error {
	certificate, err := tls.LoadX509KeyPair(*chain, *key)
	if err != nil {
		return err
	}
	local, err := net.ResolveUDPAddr("udp", *address)
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", local)
	if err != nil {
		return err
	}
	transport := &quic.Transport{Conn: socket}
	if *retry {
		transport.VerifySourceAddress = func(net.Addr) bool { return true }
	}
	listener, err := transport.Listen(
		&tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol()}}, config)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	for {
		connection, err := listener.Accept(context.Background())
		if err != nil {
			return err
		}
		fmt.Println("connection in", connection.ConnectionState().Version)
		if *datagram {
			go answerQuacks(connection)
		} else {
			go serveFiles(connection)
		}
	}
}

func exchangeQuacks(ctx context.Context, connection quic.Connection) error {
	go func() {
		for ctx.Err() == nil && connection.SendDatagram([]byte(quack)) == nil {
			time.Sleep(250 * time.Millisecond)
		}
	}()
	said, err := connection.ReceiveDatagram(ctx)
	if err == nil && string(said) != answer {
		return fmt.Errorf("the server said %q", said)
	}
	return err
}

func fetch(ctx context.Context, connection quic.Connection, path string) error {
	stream, err := connection.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stream, "GET %s\r\n", path); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(*download, filepath.Base(path)))
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(file, stream)
	return err
}

func fetchAll(ctx context.Context, connection quic.Connection, paths []string) error {
	results := make([]error, len(paths))
	var work sync.WaitGroup
	for index, path := range paths {
		work.Add(1)
		go func(index int, path string) {
			defer work.Done()
			results[index] = fetch(ctx, connection, path)
		}(index, path)
	}
	work.Wait()
	return errors.Join(results...)
}

func ask(config *quic.Config, paths []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	connection, err := quic.DialAddr(
		ctx, *address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol()}}, config)
	if err != nil {
		return err
	}
	defer connection.CloseWithError(0, "")
	fmt.Println("connection in", connection.ConnectionState().Version)
	if *datagram {
		return exchangeQuacks(ctx, connection)
	}
	return fetchAll(ctx, connection, paths)
}

func main() {
	flag.Parse()
	config, err := configuration()
	if err == nil && *chain != "" {
		err = serve(config)
	} else if err == nil {
		err = ask(config, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
