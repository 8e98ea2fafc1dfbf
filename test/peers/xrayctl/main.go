// xrayctl asks a running Xray over gRPC, apart from everything that we wrote in C.
//
//	xrayctl SOCKET add TAG COUNT    adds COUNT users, 64 calls in flight; prints the seconds it took
//	xrayctl SOCKET list TAG         prints e-mail, id and flow of every user, a line each, sorted
package main

import (
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
)

const (
	inFlight   = 64
	answerSize = 64 << 20
)

func add(client command.HandlerServiceClient, tag string, number int) error {
	id := uuid.New()
	_, err := client.AlterInbound(context.Background(), &command.AlterInboundRequest{
		Tag: tag,
		Operation: serial.ToTypedMessage(&command.AddUserOperation{User: &protocol.User{
			Email:   fmt.Sprintf("ceiling-%d", number),
			Account: serial.ToTypedMessage(&vless.Account{Id: id.String(), Flow: "xtls-rprx-vision"}),
		}}),
	})
	return err
}

func addMany(client command.HandlerServiceClient, tag string, count int) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	started := time.Now()
	for range inFlight {
		workers.Go(func() {
			for number := range numbers {
				if err := add(client, tag, number); err != nil {
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
	fmt.Printf("%.3f\n", time.Since(started).Seconds())
}

func list(client command.HandlerServiceClient, tag string) {
	answer, err := client.GetInboundUsers(context.Background(), &command.GetInboundUserRequest{Tag: tag},
		grpc.MaxCallRecvMsgSize(answerSize))
	if err != nil {
		log.Fatal(err)
	}
	var lines []string
	for _, user := range answer.Users {
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

func main() {
	args := os.Args[1:]
	if len(args) < 3 {
		log.Fatal("usage: xrayctl SOCKET add TAG COUNT | list TAG")
	}
	conn, err := grpc.NewClient("unix:"+args[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	client := command.NewHandlerServiceClient(conn)
	switch {
	case args[1] == "add" && len(args) == 4:
		count, err := strconv.Atoi(args[3])
		if err != nil {
			log.Fatal(err)
		}
		addMany(client, args[2], count)
	case args[1] == "list" && len(args) == 3:
		list(client, args[2])
	default:
		log.Fatal("usage: xrayctl SOCKET add TAG COUNT | list TAG")
	}
}
