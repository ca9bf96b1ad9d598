# examples/openresty/order.conf, and the first nginx.conf of docs/OPENRESTY.md. Each sends two messages to TOPIC.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

needs(qw(BROKERS TOPIC));

our $Order = text_of('examples/openresty/order.conf');
our ($Http, $Server) =
    text_of('docs/OPENRESTY.md') =~ /^```nginx\nhttp \{\n(.*?)^    server \{\n(.*?)^    \}\n\}\n```/ms;
s/broker:9092/$ENV{BROKERS}/, s/"orders"/"$ENV{TOPIC}"/ for $Http, $Server;

run_tests();

__DATA__

=== TEST 1: an order is answered when the broker has it
--- config eval: $::Order
--- request eval
["POST /order?customer=7\ntwice", "POST /order?customer=7\ntwice"]
--- response_body_like eval
['^\d+:\d+$', '^\d+:\d+$']



=== TEST 2: an order that no broker takes is an error after two seconds
--- config
    location /t {
        content_by_lua_block { require("order").take("127.0.0.1:1", "absent") }
        log_by_lua_block { ngx.log(ngx.NOTICE, "two seconds: ", tonumber(ngx.var.request_time) > 1.9) }
    }
--- request
POST /t
twice
--- timeout: 4
--- error_code: 504
--- error_log
kafka: an order was not delivered
two seconds: true



=== TEST 3: the first nginx.conf of docs/OPENRESTY.md
--- http_config eval: $::Http
--- config eval: $::Server
--- request eval
["GET /order?number=1", "GET /order?number=2"]
--- response_body_like eval
['^\d+:\d+$', '^\d+:\d+$']
