#!/usr/bin/perl
# tap.pl: run test files and end with one line: N passed, N failed, N skipped.
#
#   tests/tap.pl [-j JOBS] [-g GUESTS] [-t SECONDS] [-r DIR] [-w DIR] FILE...
#
# prove, with what a long run needs beside it: a deadline for each file, the whole output of every
# file that failed, and the reasons of what was skipped. A file that dies, does not speak TAP or
# runs fewer tests than it planned is one failed test more, and so is one where a sanitizer found
# something, be it in a child whose stderr the test keeps to itself: with -r, reports go to DIR.
# With -w, tests work in a folder below DIR, which is their TMPDIR.
# The exit code is 0 only when nothing failed and something passed.
#
# Files run in the order they are named, JOBS at once, but of those in a folder vm no more than GUESTS (2 unless given):
# their guests keep CPUs busy and have deadlines. The files that took longest are listed before the last
# line.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Getopt::Long;
use TAP::Harness;
use TAP::Parser::Scheduler::Job;
use TAP::Parser::Scheduler::Spinner;

my ($jobs, $guests, $seconds, $reports, $where) = (1, 2, 900);

# In place of TAP::Parser::Scheduler, whose rules cannot say "two of these at once".
package Order {
	sub new {
		my ($class, %arg) = @_;
		return bless { waiting => [@{ $arg{tests} }], guests => 0 }, $class;
	}

	sub job { return TAP::Parser::Scheduler::Job->new(ref $_[0] ? @{ $_[0] } : ($_[0], $_[0])) }

	sub get_all { return map { job($_) } @{ $_[0]{waiting} } }

	# The next job; undef when none is left, and a spinner while those that are must wait.
	sub get_job {
		my ($self) = @_;
		my $waiting = $self->{waiting};
		for my $i (0 .. $#$waiting) {
			my $job = job($waiting->[$i]);
			my $guest = $job->filename =~ m{(^|/)vm/[^/]+$};
			next if $guest && $self->{guests} >= $guests;
			splice @$waiting, $i, 1;
			$self->{guests}++ if $guest;
			$job->on_finish(sub { $self->{guests}-- if $guest });
			return $job;
		}
		return @$waiting ? TAP::Parser::Scheduler::Spinner->new : undef;
	}

	sub as_string { return join "\n", map { ref ? $_->[0] : $_ } @{ $_[0]{waiting} } }
}

package main;

GetOptions('j=i' => \$jobs, 'g=i' => \$guests, 't=i' => \$seconds, 'r=s' => \$reports, 'w=s' => \$where) && @ARGV
    or die "usage: $0 [-j JOBS] [-g GUESTS] [-t SECONDS] [-r DIR] [-w DIR] FILE...\n";
if ($reports) {
	remove_tree($reports);
	make_path($reports);
}
# Where other users may look into what a test shows them.
if ($where) {
	$ENV{TMPDIR} = tempdir('ktstr-check.XXXXXX', DIR => $where, CLEANUP => 1);
	# Where a folder's group is that of what is made in it, it stays so.
	chmod 0711 | ((stat $ENV{TMPDIR})[2] & 02000), $ENV{TMPDIR};
}
$ENV{CMOCKA_MESSAGE_OUTPUT} = 'TAP';
$| = 1;

my %count = (passed => 0, failed => 0, skipped => 0);
my (%output, %failed, %seconds, @reasons);

# Reports of FILE and of all it starts are in files that begin with this.
sub report_prefix {
	my ($file) = @_;
	return "$reports/" . $file =~ s{[^\w.]+}{_}gr;
}

my $leaks = dirname(abs_path($0)) . '/leaks.supp';

sub sanitizers {
	my ($file) = @_;
	return () unless $reports;
	my $path = 'log_path=' . report_prefix($file);
	return ('env', "ASAN_OPTIONS=$path", "LSAN_OPTIONS=suppressions=$leaks:print_suppressions=0", "UBSAN_OPTIONS=$path:print_stacktrace=1");
}

sub found_by_sanitizers {
	my ($file) = @_;
	my $found = '';
	for my $report ($reports ? glob(report_prefix($file) . '.*') : ()) {
		open(my $in, '<', $report) or die "$report: $!\n";
		local $/;
		$found .= <$in>;
	}
	return $found;
}

# A file's parent: writes down what it and all that it waited for took of the CPUs, hands on what ends it, and ends what it left
# behind, which would keep its output open for ever.
my $times = tempdir('ktstr-tap.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $parent = <<'END';
use POSIX ();
my $to = shift;
my $pid = fork // die "fork: $!\n";
if (!$pid) {
	POSIX::setsid();
	exec { $ARGV[0] } @ARGV or print STDERR "$ARGV[0]: $!\n";
	POSIX::_exit(127);
}

# What is in its session and no zombie: [PID, (NAME)].
sub session {
	my @found;
	for my $stat (glob '/proc/[0-9]*/stat') {
		open(my $in, '<', $stat) or next;
		# PID (NAME) STATE PARENT GROUP SESSION
		push @found, [$1, $2] if (<$in> // '') =~ m{^(\d+) (\(.*\)) [^ZX] \d+ \d+ $pid };
	}
	return @found;
}
sub end { kill $_[0] => map { $_->[0] } session() }
$SIG{TERM} = sub { end('TERM'); alarm 5 };
$SIG{ALRM} = sub { end('KILL') };
1 while waitpid($pid, 0) != $pid;
my $rc = $? & 127 ? 128 + ($? & 127) : $? >> 8;
my @t = times;
open(my $out, '>', $to) or die "$to: $!\n";
print $out $t[2] + $t[3];
close $out;

my @left;
for (1 .. 40) {
	@left = session() or last;
	select undef, undef, undef, 0.05;
}
print map { "# left behind: @$_\n" } @left;
end('KILL');
exit($rc || (@left ? 1 : 0));
END

sub cpu_file {
	my ($file) = @_;
	return "$times/" . $file =~ s{[^\w.]+}{_}gr;
}

sub cpu_seconds {
	my ($file) = @_;
	open(my $in, '<', cpu_file($file)) or return 0;
	return <$in> // 0;
}

my $harness = TAP::Harness->new({
	jobs  => $jobs,
	merge => 1,    # what a test says on stderr belongs to its output
	timer => 1,
	scheduler_class => 'Order',
	exec  => sub {
		my (undef, $file) = @_;
		$file = "./$file" unless $file =~ m{/};
		return ['timeout', '-k', '10', $seconds, 'perl', '-e', $parent, cpu_file($file), sanitizers($file),
			($file =~ /\.sh$/ ? 'sh' : ()), $file];
	},
});

sub skip {
	my ($file, $test, $reason) = @_;
	$count{skipped}++;
	$test =~ s/^- //;
	push @reasons, "$file" . ($test ? " ($test)" : '') . ": " . ($reason || 'no reason given');
}

# cmocka says "not ok ... # SKIP" for a skipped test, so a skip is looked for first.
sub note_test {
	my ($file, $test) = @_;
	if ($test->has_skip) {
		skip($file, $test->description, $test->explanation);
	} elsif ($test->is_ok) {
		$count{passed}++;
	} else {
		$count{failed}++;
		$failed{$file}++;
	}
}

# The job is the file's name and its description, which are the same to us.
$harness->callback(made_parser => sub {
	my ($parser, $job) = @_;
	my $file = $job->[1];

	$output{$file} = '';
	$parser->callback(ALL => sub {
		my ($line) = @_;
		$output{$file} .= $line->raw . "\n";
		note_test($file, $line) if $line->is_test;
	});
});

# Each test is a process group of timeout's making, which an interrupt from the terminal misses.
$SIG{INT} = $SIG{TERM} = sub {
	kill TERM => split ' ', `pgrep -P $$`;
	exit 130;
};

my $all = $harness->runtests(@ARGV);

for my $file ($all->descriptions) {
	my ($parser) = $all->parsers($file);
	my $died = $parser->wait || $parser->parse_errors;
	$seconds{$file} = $parser->end_time - $parser->start_time;
	my $found = found_by_sanitizers($file);

	$output{$file} .= $found;
	$died ||= $found;
	if ($died && !$failed{$file}) {
		$count{failed}++;
		$failed{$file}++;
	} elsif ($parser->skip_all) {
		skip($file, '', $parser->skip_all);
	}
	next unless $failed{$file};
	print "\n--- $file", ($parser->exit == 124 ? " (not finished after $seconds s)" : ''),
	    "\n$output{$file}";
}
my @slowest = sort { $seconds{$b} <=> $seconds{$a} } keys %seconds;
print "\nSlowest (seconds, those of CPU, file):\n",
    map { sprintf "  %7.1f %7.1f  %s\n", $seconds{$_}, cpu_seconds($_), $_ } splice @slowest, 0, 10;
print "\nSkipped:\n", map { "  $_\n" } @reasons if @reasons;
print "\n$count{passed} passed, $count{failed} failed, $count{skipped} skipped\n";
exit($count{failed} || !$count{passed} ? 1 : 0);
