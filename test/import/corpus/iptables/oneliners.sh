#!/bin/bash
# What every answer on the web says.
sysctl -w net.ipv4.ip_forward=1
iptables -t nat -F
iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-port 8080
iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 443 -j DNAT --to-destination 10.0.1.20:8443
iptables -t nat -A PREROUTING -p tcp -m multiport --dports 5000,5001 -j DNAT --to-destination 10.0.1.21
iptables -t nat -A PREROUTING -p udp --dport 27015:27030 -j DNAT --to 10.0.1.22
iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
iptables -A FORWARD -p tcp -d 10.0.1.20 --dport 8443 \
  -m state --state NEW,ESTABLISHED,RELATED -j ACCEPT
