-- An adopted lease or pool may hold a text that is no IPv4 address. It is none then, instead of an error in every
-- statement that meets it.
create function as_ipv4(value text) returns inet language sql immutable parallel safe as $$
    select case when value ~ ('^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
        || '([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}(/([12]?[0-9]|3[0-2]))?$') then value::inet end
$$;
