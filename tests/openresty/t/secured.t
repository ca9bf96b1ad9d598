# lua-resty-kafka's API before a broker that wants a password, and before one that speaks TLS: SASL_BROKERS and SSL_BROKERS
# are listeners of one cluster, SASL_USER may write to TOPIC, and SSL_CA is the authority that signed its certificate.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

needs(qw(TOPIC SASL_BROKERS SASL_USER SASL_PASSWORD SSL_BROKERS SSL_CA));

run_tests();

__DATA__

=== TEST 1: each mechanism, with the password in the list of brokers
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local client, topic = require("kafka.resty.client"), os.getenv("TOPIC")
            for _, mechanism in ipairs({ "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" }) do
                local list = helper.list(os.getenv("SASL_BROKERS"))
                list[1].sasl_config = helper.login(mechanism)
                assert(producer:new(list):send(topic, nil, "secret"))
                local _, broker = next((assert(client:new(list):fetch_metadata(topic))))
                ngx.say(mechanism, " ", broker.sasl_config.user == os.getenv("SASL_USER"))
            end
        }
    }
--- response_body
PLAIN true
SCRAM-SHA-256 true
SCRAM-SHA-512 true



=== TEST 2: each mechanism, with the password in the configuration
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local client, topic = require("kafka.resty.client"), os.getenv("TOPIC")
            for _, mechanism in ipairs({ "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" }) do
                local list, login = helper.list(os.getenv("SASL_BROKERS")), helper.login(mechanism)
                assert(producer:new(list, { auth_config = login }):send(topic, nil, "secret"))
                local cli = client:new(list, { auth_config = login })
                local _, broker = next((assert(cli:fetch_metadata(topic))))
                ngx.say(mechanism, " ", cli.auth_config.user == os.getenv("SASL_USER"), " ", broker.sasl_config)
            end
        }
    }
--- response_body
PLAIN true nil
SCRAM-SHA-256 true nil
SCRAM-SHA-512 true nil



=== TEST 3: a wrong password
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            for _, mechanism in ipairs({ "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" }) do
                local list = helper.list(os.getenv("SASL_BROKERS"))
                list[1].sasl_config = helper.login(mechanism)
                list[1].sasl_config.password = "guess"
                ngx.say(producer:new(list, { socket_timeout = 500 }):send(os.getenv("TOPIC"), nil, "never"))
            end
        }
    }
--- response_body
nilnot found topic
nilnot found topic
nilnot found topic
--- error_log
all brokers failed in fetch topic metadata



=== TEST 4: a certificate is verified only if that is asked for
--- config
    location /t {
        content_by_lua_block {
            local list = require("helper").list(os.getenv("SSL_BROKERS"))
            local function send(config)
                local p = require("kafka.resty.producer"):new(list, config)
                local offset, text = p:send(os.getenv("TOPIC"), nil, "secret")
                ngx.say(offset and "sent" or text)
            end
            send({ ssl = true })
            -- The system does not trust the authority.
            send({ ssl = true, ssl_verify = true, socket_timeout = 500 })
            send({ ssl = true, ssl_verify = true, properties = { ["ssl.ca.location"] = os.getenv("SSL_CA") } })
        }
    }
--- response_body
sent
not found topic
sent
--- error_log
all brokers failed in fetch topic metadata
