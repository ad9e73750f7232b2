SELECT mxgrade.begin_list()
