# The part of Test::Nginx that the files in tests/openresty/t use, for machines without it: Debian has no package of it.
# KafkaTest.pm appends this directory to @INC, so an installed Test::Nginx is found first.
# A section or a setting that is not here is an error: a check is never left out in silence.
package Test::Nginx::Socket::Lua;

use Test::Base -Base;

use File::Path qw(make_path);
use HTTP::Tiny;
use IO::Socket::INET;
use List::Util qw(shuffle);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    add_block_preprocessor env_to_nginx log_level master_on no_long_string no_root_location no_shuffle repeat_each
    run_tests timeout worker_connections workers
);

my %known = map { $_ => 1 } qw(
    main_config http_config config request more_headers timeout wait response_body response_body_like error_code
    error_log no_error_log
);

my $root = $ENV{TEST_NGINX_SERVROOT};
my $port = $ENV{TEST_NGINX_PORT};
my $error_log = "$root/logs/error.log";

my ($repeat_each, $timeout, $log_level, $master, $workers, $connections) = (1, 3, 'debug', 'off', 1, 64);
my ($in_order, $root_location, @environment, @preprocessors) = (0, 1);

sub repeat_each (@) { $repeat_each = shift if @_; $repeat_each }
sub timeout (@) { $timeout = shift if @_; $timeout }
sub log_level ($) { $log_level = shift }
sub workers ($) { $workers = shift }
sub worker_connections ($) { $connections = shift }
sub master_on () { $master = 'on' }
sub no_shuffle () { $in_order = 1 }
sub no_root_location () { $root_location = 0 }
sub no_long_string () { }
sub env_to_nginx (@) { push @environment, @_ }
sub add_block_preprocessor (&) { unshift @preprocessors, shift }

# The process, and the block that it was started for.
my ($nginx, $block_name, $log_start);

# Ends by exit, so that END stops nginx.
$SIG{INT} = $SIG{TERM} = sub { exit 1 };

sub give_up ($) {
    diag(error_log_data());
    Test::More::BAIL_OUT(shift);
}

sub error_log_data () {
    open my $file, '<', $error_log or return '';
    seek $file, $log_start // 0, 0;
    local $/;
    <$file>;
}

# Replaces $TEST_NGINX_NAME by what the environment has.
sub expand ($) {
    my $text = shift // '';
    $text =~ s/\$(TEST_NGINX_[A-Z0-9_]+)/$ENV{$1} \/\/ give_up("no environment variable $1")/eg;
    $text;
}

sub write_config ($) {
    my $block = shift;
    my ($main, $http, $server) = map { expand($block->$_) } qw(main_config http_config config);
    my $modules = join '', map { "load_module $_;\n" } split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $environment = join '', map { "env $_;\n" } @environment;
    my $temporary = join '', map { "${_}_temp_path $root/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    my $index = $root_location ? "location / { root $root/html; }" : '';
    my $user = $> == 0 ? 'user root;' : '';
    make_path("$root/logs", "$root/conf", "$root/html");
    unlink $error_log;
    open my $file, '>', "$root/conf/nginx.conf" or give_up("$root/conf/nginx.conf: $!");
    print $file <<"END";
$modules $environment $user
$main
daemon off;
master_process $master;
worker_processes $workers;
pid $root/logs/nginx.pid;
error_log $error_log $log_level;
events { worker_connections $connections; }
http {
    access_log off;
    default_type text/plain;
    $temporary
    $http
    server {
        listen 127.0.0.1:$port;
        server_name localhost;
        $server
        $index
    }
}
END
    close $file;
}

sub is_running () { defined $nginx && waitpid($nginx, WNOHANG) == 0 }

sub start ($) {
    my $name = $block_name = shift;
    my $program = $ENV{TEST_NGINX_BINARY} // 'nginx';
    defined($nginx = fork) or give_up("fork: $!");
    if ($nginx == 0) {
        exec($program, '-p', "$root/", '-c', "$root/conf/nginx.conf", '-e', $error_log) or POSIX::_exit(127);
    }
    my $limit = time + 10;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")) {
        give_up("$name - nginx does not start") if !is_running() || time > $limit;
        sleep 0.01;
    }
}

sub workers_of ($) {
    my $master = shift;
    open my $children, '<', "/proc/$master/task/$master/children" or return;
    split ' ', <$children> // '';
}

# Stops it as an operator does, and holds its processes to end by themselves.
sub stop () {
    return if !defined $nginx;
    kill QUIT => $nginx;
    my $limit = time + $timeout;
    sleep 0.01 while (my $running = is_running()) && time < $limit;
    my $status = $?;
    $log_start = 0;
    my $crashed = error_log_data() =~ /exited on signal \d+/ ? $& : '';
    if ($running || $status || $crashed) {
        kill KILL => $nginx, workers_of($nginx) if $running;
        fail("$block_name - nginx ends: " . ($running ? 'still there' : $crashed || "status $status"));
    }
    undef $nginx;
}

END {
    local $?;
    stop();
}

# The value of a section for a request: of several, a list has one for each.
sub of_request ($$$) {
    my ($value, $requests, $at) = @_;
    return $value if !ref $requests || !defined $value;
    ref $value eq 'ARRAY' ? $value->[$at] : give_up("$block_name - a list of requests, and no list of answers");
}

sub check_response ($$$$) {
    my ($block, $response, $at, $name) = @_;
    my $of_request = sub { of_request($block->$_, $block->request, $at) };
    my ($code, $body, $like) = map { $of_request->() } qw(error_code response_body response_body_like);
    my $found = $response->{content};
    is($response->{status}, $code // 200, "$name - status code ok");
    is($found, expand($body), "$name - response_body - response is expected") if defined $body && !ref $body;
    like($found, $body, "$name - response_body - like") if ref $body;
    like($found, qr/$like/s, "$name - response_body_like - response is expected") if defined $like;
}

sub patterns ($) {
    my $section = shift // return;
    ref $section eq 'ARRAY' ? @$section : ref $section ? $section : split /\n+/, $section;
}

sub check_error_log ($$) {
    my ($block, $name) = @_;
    # What the log phase says comes after the answer.
    sleep 0.05;
    my $log = error_log_data();
    $log_start += length $log;
    my $is_there = sub { my $wanted = shift; ref $wanted ? $log =~ $wanted : index($log, $wanted) >= 0 };
    for my $wanted (patterns($block->error_log)) {
        ok($is_there->($wanted), qq($name - pattern "$wanted" matches a line in error.log));
    }
    for my $unwanted (patterns($block->no_error_log)) {
        ok(!$is_there->($unwanted), qq($name - pattern "$unwanted" does not match a line in error.log));
    }
}

sub run_block ($) {
    my $block = shift;
    my $name = $block->name;
    my @unknown = grep { !$known{$_} } @{ $block->_section_order };
    give_up("$name - sections that tests/openresty/t/runner does not know: @unknown") if @unknown;
    if (defined $block->config) {
        stop();
        write_config($block);
        start($name);
    }
    defined $nginx or give_up("$name - no config section, and none before");
    my $http = HTTP::Tiny->new(timeout => $block->timeout // $timeout, keep_alive => 0, max_redirect => 0);
    my %headers = map { /^(.*?):\s*(.*)$/ ? (lc $1 => $2) : () } split /\n/, $block->more_headers // '';
    my $requests = $block->request // give_up("$name - no request section");
    my $failed = grep { !$_ } Test::More->builder->summary;
    for (1 .. $repeat_each) {
        $log_start = 0;
        my $at = 0;
        for my $request (ref $requests ? @$requests : $requests) {
            my ($line, $content) = split /\n/, $request, 2;
            my ($method, $path) = split ' ', $line;
            chomp($content //= '');
            my %options = (headers => \%headers, content => $content);
            my $response = $http->request($method, "http://127.0.0.1:$port$path", \%options);
            check_response($block, $response, $at++, $name);
            sleep $block->wait if $block->wait;
            check_error_log($block, $name);
        }
    }
    $log_start = 0;
    diag("$name - error.log:\n" . error_log_data()) if $failed < grep { !$_ } Test::More->builder->summary;
}

sub run_tests () {
    for my $block ($in_order ? blocks() : shuffle(blocks())) {
        $_->($block) for @preprocessors;
        $block->set_value(name => "$0 " . $block->name);
        run_block($block);
    }
    stop();
}

1;
