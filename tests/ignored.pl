#!/usr/bin/perl
# ignored.pl FILE...: commands of sh tests whose failure nobody would notice.
#
# A test function fails by its last command and by helpers of tests/lib.sh that call fail. Everything else that checks
# something ([, test, grep -q, cmp, diff, within, attempt, a negation, a chain of &&, a function of the file that ends
# in one of these) is lost unless it is the last command, ends in "|| something", or the next one looks at $?. What is
# the last command of a loop's body is lost for all rounds but one. The parser is that of shfmt.
use strict;
use warnings;
use JSON::PP;

my %check = map { $_ => 1 } qw([ test cmp diff within attempt);
my ($AND, $OR) = (10, 11);
my (%function, @found, $source);

sub name {
	my ($cmd) = @_;
	my @words = map { join '', map { $_->{Value} // '' } @{ $_->{Parts} } } @{ $cmd->{Args} // [] };
	return 'grep -q' if @words && $words[0] eq 'grep' && grep { /^-[A-Za-z]*q/ || $_ eq '--quiet' } @words;
	return $words[0] // '';
}

sub text {
	my ($node) = @_;
	return substr($source, $node->{Pos}{Offset}, $node->{End}{Offset} - $node->{Pos}{Offset});
}

sub statements {
	my ($list, $used) = @_;
	my @list = @{ $list // [] };
	for my $i (0 .. $#list) {
		statement($list[$i], $i == $#list ? $used : text($list[$i + 1]) =~ /\$\?/);
	}
}

# Whether the last of a chain of && leaves, so that nothing is lost when the chain is cut short.
sub leaves {
	my ($cmd) = @_;
	return $cmd->{Type} eq 'CallExpr' && name($cmd) =~ /^(return|exit|break|continue|echo|rm)$/;
}

sub statement {
	my ($stmt, $used) = @_;
	my $cmd = $stmt->{Cmd} or return;
	my $type = $cmd->{Type};

	return if $stmt->{Background};
	push @found, [$stmt, 'a negation'] if $stmt->{Negated} && !$used;
	if ($type eq 'CallExpr') {
		my $name = name($cmd);
		push @found, [$stmt, $name] if !$used && ($check{$name} || $function{$name} || $name eq 'grep -q');
	} elsif ($type eq 'BinaryCmd') {
		my $and = $cmd->{Op} == $AND && !$used && !leaves($cmd->{Y}{Cmd});
		push @found, [$stmt, 'a chain of &&'] if $and;
		statement($cmd->{X}, 1);
		statement($cmd->{Y}, $used || $and);
	} elsif ($type eq 'IfClause') {
		for (my $if = $cmd; $if; $if = $if->{Else}) {
			statements($if->{Cond}, 1);
			statements($if->{Then}, $used);
		}
	} elsif ($type eq 'WhileClause') {
		statements($cmd->{Cond}, 1);
		statements($cmd->{Do}, 0);
	} elsif ($type eq 'ForClause') {
		statements($cmd->{Do}, 0);
	} elsif ($type eq 'CaseClause') {
		statements($_->{Stmts}, $used) for @{ $cmd->{Items} };
	} elsif ($type eq 'Block' || $type eq 'Subshell') {
		statements($cmd->{Stmts}, $used);
	} elsif ($type eq 'FuncDecl') {
		statement($cmd->{Body}, 1);
	}
}

# Functions whose last command is a check are checks themselves.
sub find_functions {
	my @declared = grep { $_->{Type} eq 'FuncDecl' } map { $_->{Cmd} // () } @_;
	my $before = -1;
	%function = ();
	while ($before != keys %function) {
		$before = keys %function;
		for my $declared (@declared) {
			my $last = ($declared->{Body}{Cmd}{Stmts} // [])->[-1] or next;
			@found = ();
			statement($last, 0);
			$function{ $declared->{Name}{Value} } = 1 if @found;
		}
	}
	return @declared;
}

my $bad = 0;
for my $file (@ARGV) {
	open(my $in, '<', $file) or die "ignored.pl: $file: $!\n";
	$source = do { local $/; <$in> };
	my $json = qx{shfmt -ln=posix --to-json <"$file"};
	die "ignored.pl: shfmt does not understand $file\n" if $?;
	my @declared = find_functions(@{ decode_json($json)->{Stmts} });
	@found = ();
	statement($_->{Body}, 1) for @declared;
	$bad += @found;
	print "$file:$_->[0]{Pos}{Line}: $_->[1]: its failure is ignored\n"
	    for sort { $a->[0]{Pos}{Line} <=> $b->[0]{Pos}{Line} } @found;
}
exit($bad ? 1 : 0);
