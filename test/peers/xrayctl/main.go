// xrayctl asks a running Xray over gRPC, apart from everything that we wrote in C.
//
//	xrayctl SOCKET add TAG COUNT    adds COUNT users, 64 calls in flight; prints the seconds it took
//	xrayctl SOCKET list TAG         prints e-mail, id and flow of every user, a line each, sorted
//	xrayctl SOCKET clear TAG        removes every user
//	xrayctl SOCKET fill TAG COUNT   waits until there are COUNT users; prints the seconds since the first
//	xrayctl SOCKET watch TAG        reads lines "+e-mail" and "-e-mail"; answers each with the Unix time in
//	                                seconds at which Xray was first seen with, or without, that user
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/xtls/xray-core/app/proxyman/command"
	"github.com/xtls/xray-core/common/protocol"
	"github.com/xtls/xray-core/common/serial"
	"github.com/xtls/xray-core/common/uuid"
	"github.com/xtls/xray-core/proxy/vless"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

const (
	inFlight   = 64
	answerSize = 64 << 20
	patience   = time.Minute
)

type xray struct {
	client command.HandlerServiceClient
	tag    string
}

func (x xray) alter(operation proto.Message) error {
	_, err := x.client.AlterInbound(context.Background(),
		&command.AlterInboundRequest{Tag: x.tag, Operation: serial.ToTypedMessage(operation)})
	return err
}

// each calls change for 0..count-1 with 64 calls in flight.
func each(count int, change func(int) error) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range inFlight {
		workers.Go(func() {
			for number := range numbers {
				if err := change(number); err != nil {
					log.Fatal(err)
				}
			}
		})
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	workers.Wait()
}

func (x xray) add(count int) {
	started := time.Now()
	each(count, func(number int) error {
		id := uuid.New()
		return x.alter(&command.AddUserOperation{User: &protocol.User{
			Email:   fmt.Sprintf("ceiling-%d", number),
			Account: serial.ToTypedMessage(&vless.Account{Id: id.String(), Flow: "xtls-rprx-vision"}),
		}})
	})
	fmt.Printf("%.3f\n", time.Since(started).Seconds())
}

func (x xray) users(email string) []*protocol.User {
	answer, err := x.client.GetInboundUsers(context.Background(),
		&command.GetInboundUserRequest{Tag: x.tag, Email: email}, grpc.MaxCallRecvMsgSize(answerSize))
	if err != nil {
		log.Fatal(err)
	}
	return answer.Users
}

func (x xray) list() {
	var lines []string
	for _, user := range x.users("") {
		account, err := user.Account.GetInstance()
		if err != nil {
			log.Fatal(err)
		}
		known, ok := account.(*vless.Account)
		if !ok {
			log.Fatalf("%s: not a VLESS account", user.Email)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", user.Email, known.Id, known.Flow))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}

func (x xray) clear() {
	users := x.users("")
	each(len(users), func(number int) error {
		return x.alter(&command.RemoveUserOperation{Email: users[number].Email})
	})
}

func (x xray) count() int {
	answer, err := x.client.GetInboundUsersCount(context.Background(), &command.GetInboundUserRequest{Tag: x.tag},
		grpc.WaitForReady(true))
	if err != nil {
		return 0
	}
	return int(answer.Count)
}

func (x xray) fill(count int) {
	var first time.Time
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		have := x.count()
		if first.IsZero() && have > 0 {
			first = time.Now()
		}
		if have >= count {
			fmt.Printf("%.3f\n", time.Since(first).Seconds())
			return
		}
	}
	log.Fatalf("not %d users within %v", count, patience)
}

// An unknown e-mail is answered with one empty user.
func (x xray) has(email string) bool {
	users := x.users(email)
	return len(users) == 1 && users[0].Email != ""
}

func (x xray) watch() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		want, email := lines.Text()[0] == '+', lines.Text()[1:]
		deadline := time.Now().Add(patience)
		for x.has(email) != want && time.Now().Before(deadline) {
		}
		fmt.Printf("%.6f\n", float64(time.Now().UnixMicro())/1e6)
	}
}

func usage() {
	log.Fatal("usage: xrayctl SOCKET add TAG COUNT | list TAG | clear TAG | fill TAG COUNT | watch TAG")
}

func main() {
	log.SetFlags(0)
	args := os.Args[1:]
	if len(args) < 3 {
		usage()
	}
	conn, err := grpc.NewClient("unix:"+args[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	x := xray{command.NewHandlerServiceClient(conn), args[2]}
	simple := map[string]func(){"list": x.list, "clear": x.clear, "watch": x.watch}
	counted := map[string]func(int){"add": x.add, "fill": x.fill}
	switch {
	case len(args) == 3 && simple[args[1]] != nil:
		simple[args[1]]()
	case len(args) == 4 && counted[args[1]] != nil:
		count, err := strconv.Atoi(args[3])
		if err != nil {
			usage()
		}
		counted[args[1]](count)
	default:
		usage()
	}
}
