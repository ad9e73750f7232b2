module lab

// Go 1.24 leaves X25519MLKEM768 off for modules that ask for less. Go 1.19 builds it all the same.
go 1.24
