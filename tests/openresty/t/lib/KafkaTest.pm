# What the files in tests/openresty/t have in common: `use KafkaTest 'no_plan';` in place of Test::Nginx::Socket::Lua.
package KafkaTest;

use v5.14;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;

our @EXPORT = qw(needs text_of);

my $root;

# None that the system gives to outgoing connections, since nginx listens on it again and again. A listener on the next
# port, which stays until this program ends, keeps other programs of these tests from taking it.
sub free_port () {
    my $listen = sub { IO::Socket::INET->new(LocalAddr => "127.0.0.1:$_[0]", Listen => 1, ReuseAddr => 1) };
    state $taken;
    my $port;
    do { $port = 30_000 + 2 * int rand 1_350 } until ($taken = $listen->($port + 1)) && $listen->($port);
    $port;
}

BEGIN {
    my $here = dirname(abs_path(__FILE__));
    $root = abs_path("$here/../../../..");
    # Behind all others: an installed Test::Nginx is found before.
    push @INC, abs_path("$here/../runner");

    $ENV{KAFKA_LIBRARY} //= "$root/target/release/libkafka.so";
    # Files that run at once have their own directories and ports.
    $ENV{TEST_NGINX_SERVROOT} //= tempdir(CLEANUP => 1) . '/servroot';
    $ENV{TEST_NGINX_PORT} //= free_port();
    # Debian's nginx loads its Lua module on demand; OpenResty's has it built in.
    my $modules = '/usr/lib/nginx/modules';
    $ENV{TEST_NGINX_LOAD_MODULES} //= "$modules/ndk_http_module.so $modules/ngx_http_lua_module.so"
        if -e "$modules/ngx_http_lua_module.so";
}

use Test::Nginx::Socket::Lua -Base;

repeat_each(1);
# As users have it: with workers that are forked from a master.
master_on();
log_level('info');
timeout(30);
no_long_string();
no_shuffle();
no_root_location();
worker_connections(256);
env_to_nginx('KAFKA_LIBRARY');

my $lua_path = join ';', map { "$root/$_/?.lua" } qw(tests/openresty/overwrite lua tests/openresty/t/lib examples/openresty);

add_block_preprocessor(sub {
    my ($block) = @_;
    my $http = $block->http_config // '';
    $block->set_value(http_config => qq{lua_package_path "$lua_path;;";\n$http});
    $block->set_value(request => 'GET /t') if !defined $block->request;
    $block->set_value(no_error_log => '[error]') if !defined $block->error_log && !defined $block->no_error_log;
});

# Variables that the caller's environment has to have, for nginx too.
sub needs (@) {
    defined $ENV{$_} or die "$_ is not set: docs/TESTING.md says how to run $0\n" for @_;
    env_to_nginx(@_);
}

# A file of the checkout.
sub text_of ($) {
    my $path = shift;
    open my $file, '<', "$root/$path" or die "$path: $!\n";
    local $/;
    <$file>;
}

1;
