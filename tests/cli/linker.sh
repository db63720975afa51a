#!/bin/sh
# Programs find in a guest the libraries that they find here. The guest is a folder with a payload's files, and chroot.
# shellcheck disable=SC2016 # $ORIGIN is the linker's
. "$(dirname "$0")/../lib.sh"
unset LD_LIBRARY_PATH LD_PRELOAD KTSTR_START_DIR
triplet=$(gcc -print-multiarch)

# library DIR NAME VALUE [WORD…]: DIR/NAME, whose w() is VALUE
library() {
	mkdir -p "$1" && echo "int w(void){return $3;}" >w.c || return
	file=$1/$2
	shift 3
	gcc -shared -fPIC -o "$file" w.c "$@"
}

# program FILE WORD…: it ends with what w() says
program() {
	echo 'int w(void);int main(void){return w();}' >p.c && mkdir -p "$(dirname "$1")" && gcc -o "$1" p.c -Wl,--allow-shlib-undefined \
		-Wl,--no-as-needed "$2" "$3" ${4+"$4"} ${5+"$5"}
}

# pack PROGRAM: exit code of the step; what it found in root
pack() {
	rm -rf root packed
	ktstr-step payload --store store --out packed --program "$1" --library-path "${LD_LIBRARY_PATH-}" \
		>step.log 2>&1 || { cat step.log && return 1; }
	mkdir -p root/root root/proc && python3 "$root/tests/unpack.py" packed/payload.pack root
}

# there FOLDER: the program in a guest, started in that folder
there() {
	own_mounts sh -c 'mount --rbind /proc root/proc && exec "$@"' sh python3 -c 'import os, sys
os.chroot("root")
os.chdir(sys.argv[1])
os.execv("/scheduler", ["/scheduler"])' "$1"
}

# runs VALUE: in a guest, in both folders that programs start in
runs() {
	may_mount || return 0
	for start in / /root; do
		there $start
		same "$1" $? "in a guest, in $start" || { find root ! -type d && return 1; }
	done
}

# alike VALUE PROGRAM: here and in a guest
alike() {
	"$2"
	same "$1" $? "$2 here" || return
	pack "$2" || fail 'no payload' || return
	runs "$1"
}

relative() {
	library lib libw.so 42 && program p -Llib -lw -Wl,-rpath,lib && alike 42 ./p &&
		program p -Llib -lw -Wl,--disable-new-dtags,-rpath,lib && alike 42 ./p &&
		program p -Llib -lw -Wl,-rpath,/none: && cp lib/libw.so . && alike 42 ./p && rm libw.so || return
	# From another folder it is another library, or none.
	program p -Llib -lw -Wl,-rpath,lib && library other/lib libw.so 43 && cd other && alike 43 ../p && rm -r lib || return
	work=$PWD
	exits 11 ktstr-step payload --store store --out packed --program ../p && has 'libw.so' err && has "from $PWD" err &&
		has LD_LIBRARY_PATH err
}

# A library without a name of its own is known by its path.
by_path() {
	library lib libw.so 42 && program p lib/libw.so -O0 && alike 42 ./p && mv lib other &&
		exits 11 ktstr-step payload --store store --out packed --program p && has lib/libw.so err
}

tokens() {
	for origin in '$ORIGIN' '${ORIGIN}'; do
		rm -rf bin lib
		library lib libw.so 42 && program bin/p -Llib -lw "-Wl,-rpath,$origin/../lib" && alike 42 bin/p || return
	done
	for dir in lib lib64 "lib/$triplet" lib32; do
		library "x/$dir" libw.so 42 || return
	done
	program p -Lx/lib -lw '-Wl,-rpath,$ORIGIN/x/$LIB' && alike 42 ./p && program p -Lx/lib -lw '-Wl,-rpath,$ORIGIN/x/${LIB}' && alike 42 ./p || return
	for dir in x86_64 haswell xeon_phi aarch64; do
		library "y/$dir" libw.so 42 || return
	done
	program p -Ly/x86_64 -lw '-Wl,-rpath,$ORIGIN/y/$PLATFORM' && alike 42 ./p
}

# Once loaded, a library is known by the name it gives itself.
own_name() {
	library lib libnamed.so 42 -Wl,-soname,libw.so.1 && echo 'int w(void);int v(void){return w();}' >v.c || return
	gcc -shared -fPIC -o lib/libv.so v.c lib/libnamed.so || return
	# The program loads it by another name, by which alone it can be found.
	mv lib/libnamed.so lib/odd.so && cp lib/odd.so plain.so && gcc -shared -fPIC -o lib/odd.so w.c || return
	program p "$work/lib/odd.so" lib/libv.so -Wl,-rpath,"$work/lib" && mv plain.so lib/odd.so || return
	alike 42 ./p
}

by_variable() {
	library lib libw.so 42 && library sub libdeep.so 7 && rm w.c && program p -Llib -lw || return
	LD_LIBRARY_PATH=$work/lib
	export LD_LIBRARY_PATH
	alike 42 ./p || return
	# What it needs itself lies where it says, which is no folder of the variable.
	mkdir -p lib/sub && echo 'int d(void){return 42;}' >d.c && gcc -shared -fPIC -o lib/sub/libd.so d.c && echo 'int d(void);int w(void){return d();}' >w.c &&
		gcc -shared -fPIC -o lib/libw.so w.c -Llib/sub -ld -Wl,-rpath,'$ORIGIN/sub' && alike 42 ./p || return
	# $ORIGIN of the variable is the program's.
	LD_LIBRARY_PATH='/none;$ORIGIN/lib' && alike 42 ./p
}

# The best for a CPU, and what is left for another.
levels() {
	for at in rpath variable; do
		rm -rf lib
		library lib libw.so 13 && program p -Llib -lw || return
		LD_LIBRARY_PATH=
		if [ $at = rpath ]; then
			program p -Llib -lw -Wl,-rpath,"$work/lib" || return
		else
			LD_LIBRARY_PATH=$work/lib
		fi
		export LD_LIBRARY_PATH
		./p
		same 13 $? plain && library lib/glibc-hwcaps/x86-64-v2 libw.so 42 || return
		./p
		[ $? = 42 ] || return 0 # an older CPU, another architecture
		alike 42 ./p && [ "$(find root -name libw.so | grep -c hwcaps)" -gt 0 ] || return
		# There is no other.
		rm lib/libw.so && alike 42 ./p || return
	done
}

# with_cache: as alike, where new.cache is the linker's
with_cache() {
	rm -rf root packed
	own_mounts sh -c 'mount --bind new.cache /etc/ld.so.cache && ./p; [ $? = 42 ] && exec ktstr-step payload --store store --out packed \
		--program p' && mkdir -p root/root root/proc && python3 "$root/tests/unpack.py" packed/payload.pack root
}

# What ldconfig has found, in either format; the guest has no such list.
cache() {
	command -v ldconfig >/dev/null || PATH=$PATH:/usr/sbin:/sbin
	may_mount || return 0
	library found libw.so.1 42 -Wl,-soname,libw.so.1 && ln -s libw.so.1 found/libw.so && program p -Lfound -lw || return
	(cat /etc/ld.so.conf && echo "$work/found") >conf || return
	for format in new compat; do
		ldconfig -X -c $format -C new.cache -f conf 2>ldconfig.log
		[ -s new.cache ] || fail 'ldconfig' || return
		with_cache && runs 42 || fail $format || return
	done
	# It is found there still, and its neighbours by where it lies.
	rm -rf found/sub && mkdir found/sub && echo 'int d(void){return 42;}' >d.c && gcc -shared -fPIC -o found/sub/libd.so d.c &&
		echo 'int d(void);int w(void){return d();}' >w.c &&
		gcc -shared -fPIC -o found/libw.so.1 w.c -Wl,-soname,libw.so.1 -Lfound/sub -ld -Wl,-rpath,'$ORIGIN/sub' || return
	with_cache && runs 42
}

musl() {
	command -v musl-gcc >/dev/null || return 0
	echo 'int w(void){return 42;}' >w.c && echo 'int w(void);int main(void){return w();}' >p.c && mkdir lib other &&
		musl-gcc -shared -fPIC -o lib/libw.so w.c && musl-gcc -o p p.c -Llib -lw -Wl,-rpath,'$ORIGIN/lib' && alike 42 ./p || return
	musl-gcc -o p p.c -Llib -lw && export LD_LIBRARY_PATH="$work/lib" && alike 42 ./p || return
	# A library's need by the program's list, which glibc would not look at.
	unset LD_LIBRARY_PATH
	echo 'int v(void){return 42;}' >v.c && echo 'int v(void);int w(void){return v();}' >w.c && musl-gcc -shared -fPIC -o lib/libv.so v.c &&
		musl-gcc -shared -fPIC -o lib/libw.so w.c -Llib -lv && musl-gcc -o p p.c -Llib -lw -lm -Wl,-rpath-link,lib -Wl,-rpath,"$work/lib" &&
		alike 42 ./p
}

# What appears later in a folder that is searched before, also in one that was not there.
appears() {
	mkdir early && library late libw.so 42 && program p -Llate -lw && LD_LIBRARY_PATH=$work/none/deep:$work/early:$work/late || return
	export LD_LIBRARY_PATH
	alike 42 ./p && library early libw.so 43 && alike 43 ./p && library none/deep libw.so 44 && alike 44 ./p
}

run_tests appears relative by_path tokens own_name by_variable levels cache musl
