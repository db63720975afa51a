#!/usr/bin/perl
# includes.pl: holds the sources to docs/architecture.md, "Rooms".
#
#   tests/includes.pl [ROOT]
#
# A row of that table is a folder, what it has, and the folders it may include; those stand in rows above it. Every
# #include "…" of gen/ and runtime/ must be in the row of its folder. Nothing grows past what a reader can keep in mind.
use strict;
use warnings;

my $LINES = 600;   # of a file
my $FILES = 32;    # of a folder, sources and headers
my $FUNCTION = 60; # lines between its braces

my $root = $ARGV[0] // '.';
my $page = "$root/docs/architecture.md";
my $bad = 0;

$SIG{__DIE__} = sub { print STDERR @_; exit 2 };

sub complain {
	print STDERR "includes: $_[0]\n";
	$bad = 1;
}

# Rows in their order: folder => { folder it may include => 1 }.
sub read_table {
	my (%rooms, $in, $line);

	open my $f, '<', $page or die "includes: $page: $!\n";
	while (<$f>) {
		$line = $.;
		$in = /^## Rooms\b/ if /^## /;
		next unless $in && /^\|\s*`([^`]+)`\s*\|[^|]*\|([^|]*)\|\s*$/;
		my ($folder, $may) = ($1, $2);
		complain("$page:$line: `$folder` has two rows") if $rooms{$folder};
		my %may = map { $_ => 1 } $may =~ /`([^`]+)`/g;
		for (sort keys %may) {
			complain("$page:$line: `$folder` may include `$_`, which is no row above it") unless $rooms{$_};
		}
		$rooms{$folder} = \%may;
	}
	die "includes: $page: no table below \"## Rooms\"\n" unless %rooms;
	return \%rooms;
}

# Sources of gen/ and runtime/, as { folder => [file] }; a folder is spelled as includes spell it.
sub find_sources {
	my (%found, @todo);

	@todo = ('gen', 'runtime');
	while (defined(my $dir = shift @todo)) {
		opendir my $d, "$root/$dir" or die "includes: $root/$dir: $!\n";
		for (sort readdir $d) {
			next if /^\./;
			if (-d "$root/$dir/$_") {
				push @todo, "$dir/$_";
			} elsif (/\.[ch]$/) {
				(my $folder = $dir) =~ s{^runtime/}{};
				push @{$found{$folder}}, "$dir/$_";
			}
		}
		closedir $d;
	}
	return \%found;
}

sub check_include {
	my ($rooms, $folder, $at, $name) = @_;
	my ($to) = $name =~ m{^(.*)/[^/]+$};

	if (!defined $to || $name =~ m{(^|/)\.\.?/}) {
		complain("$at: \"$name\" is to be named from runtime/ or the root on");
	} elsif (!-e "$root/runtime/$name" && !-e "$root/$name") {
		complain("$at: there is no \"$name\"");
	} elsif ($to ne $folder && !$rooms->{$folder}{$to}) {
		complain("$at: `$folder` may not include `$to` (docs/architecture.md, \"Rooms\")");
	}
}

sub check_file {
	my ($rooms, $folder, $file) = @_;
	my $opened;

	open my $f, '<', "$root/$file" or die "includes: $root/$file: $!\n";
	while (<$f>) {
		check_include($rooms, $folder, "$file:$.", $1) if /^\s*#\s*include\s*"([^"]*)"/;
		$opened = $. if /^\{$/;
		if (/^\}/ && $opened) {
			my $n = $. - $opened - 1;

			complain("$file:$opened: a function of $n lines, more than $FUNCTION") if $n > $FUNCTION;
			undef $opened;
		}
	}
	complain("$file: $. lines, more than $LINES") if $. > $LINES;
}

my $rooms = read_table();
my $found = find_sources();

for my $folder (sort keys %$found) {
	my $files = $found->{$folder};
	my $n = @$files;

	complain("`$folder` has no row in docs/architecture.md, \"Rooms\"") unless $rooms->{$folder};
	complain("`$folder` has $n sources and headers, more than $FILES") if $n > $FILES;
	check_file($rooms, $folder, $_) for @$files;
}
for (sort keys %$rooms) {
	complain("$page: there is nothing in `$_`") unless $found->{$_};
}
exit $bad;
