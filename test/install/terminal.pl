# A terminal of the kernel's between standard input and output and the program in the arguments. It outlives hang-ups: a
# login hangs its own terminal up once before it asks for a password.
use strict;
use POSIX qw(:sys_wait_h setsid);
my ($TIOCGPTN, $TIOCSPTLCK, $TIOCSCTTY) = (0x80045430, 0x40045431, 0x540E);
open(my $master, "+<", "/dev/ptmx") or die "ptmx: $!";
my $unlocked = pack("i", 0);
ioctl($master, $TIOCSPTLCK, $unlocked) or die "unlock: $!";
my $packed = pack("i", 0);
ioctl($master, $TIOCGPTN, $packed) or die "number: $!";
my $path = "/dev/pts/" . unpack("i", $packed);
my $child = fork();
if ($child == 0) {
  setsid();
  open(STDIN, "+<", $path) or die "$path: $!";
  ioctl(STDIN, $TIOCSCTTY, 0);
  open(STDOUT, ">&STDIN");
  open(STDERR, ">&STDIN");
  close($master);
  exec(@ARGV) or die "exec: $!";
}
my $open = 1;
while (waitpid($child, WNOHANG) == 0) {
  my $read = "";
  vec($read, fileno($master), 1) = 1;
  vec($read, 0, 1) = 1 if $open;
  next if select($read, undef, undef, 0.5) <= 0;
  if (vec($read, 0, 1)) {
    my $got = sysread(STDIN, my $typed, 4096);
    if (!$got) { $open = 0; kill("HUP", $child); }
    else { for (my $at = 0; $at < $got;) { my $put = syswrite($master, $typed, $got - $at, $at); if ($put) { $at += $put } else { select(undef, undef, undef, 0.05) } } }
  }
  if (vec($read, fileno($master), 1)) {
    my $got = sysread($master, my $printed, 65536);
    if ($got) { syswrite(STDOUT, $printed) or last }
    else { select(undef, undef, undef, 0.05) }
  }
}
